/** The CA is still at work on an order or an authorization, for longer than this delivery may wait. */
export class CaStillWorking extends Error {
  readonly code = "CA_STILL_WORKING";

  constructor(what: string) {
    super(`The CA is still at work on ${what}.`);
    this.name = "CaStillWorking";
  }
}

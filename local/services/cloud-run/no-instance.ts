/** All instances are busy and no more may be started, or the revision is going away. */
export class NoInstance extends Error {
  readonly code = "NO_INSTANCE";

  constructor() {
    super("The request was aborted because there was no available instance.");
    this.name = "NoInstance";
  }
}

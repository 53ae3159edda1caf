/** What a workload would have reached, or done, out of the local cloud's sight. */
export class EgressRefused extends Error {
  readonly code = "EGRESS_REFUSED";
  readonly destination: string;
  readonly rule: string;

  constructor(destination: string, rule: string) {
    super(`Egress to ${destination} is refused: ${rule}.`);
    this.name = "EgressRefused";
    this.destination = destination;
    this.rule = rule;
  }
}

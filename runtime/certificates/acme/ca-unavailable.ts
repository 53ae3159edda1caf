/** No answer from the CA: a deadline, a broken connection, or a reply that is not ACME's. */
export class CaUnavailable extends Error {
  readonly code = "CA_UNAVAILABLE";

  constructor(what: string, options?: ErrorOptions) {
    super(`${what}${because(options?.cause)}.`, options);
    this.name = "CaUnavailable";
  }
}

function because(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "message" in cause ? ` (${cause.message})` : "";
}

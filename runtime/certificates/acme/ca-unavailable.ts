/** No answer from the CA: a deadline, a broken connection, or a reply that is not ACME's. */
export class CaUnavailable extends Error {
  readonly code = "CA_UNAVAILABLE";

  constructor(what: string, options?: ErrorOptions) {
    const because = options?.cause instanceof Error ? ` (${options.cause.message})` : "";
    super(`${what}${because}.`, options);
    this.name = "CaUnavailable";
  }
}

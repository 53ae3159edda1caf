export interface CaUnavailableOptions extends ErrorOptions {
  /** @default true, what nobody knows better. */
  readonly mayHaveTakenEffect?: boolean;
}

/** No answer from the CA: a deadline, a broken connection, or a reply that is not ACME's. */
export class CaUnavailable extends Error {
  readonly code = "CA_UNAVAILABLE";
  /** Whether the request may have reached the CA, and changed something there. */
  readonly mayHaveTakenEffect: boolean;

  constructor(what: string, { mayHaveTakenEffect = true, ...options }: CaUnavailableOptions = {}) {
    super(`${what}${because(options.cause)}.`, options);
    this.name = "CaUnavailable";
    this.mayHaveTakenEffect = mayHaveTakenEffect;
  }
}

function because(cause: unknown): string {
  return typeof cause === "object" && cause !== null && "message" in cause ? ` (${cause.message})` : "";
}

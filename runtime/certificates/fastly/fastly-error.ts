/**
 * - `FASTLY_DENIED`: the token is wrong or may not do this (401, 403). The same call will fail again.
 * - `FASTLY_RATE_LIMITED`: the hourly budget of writes is spent (429); `dueAt` says when it returns.
 * - `FASTLY_REFUSED`: the request itself is not acceptable (other 4xx).
 * - `FASTLY_UNAVAILABLE`: 5xx, a deadline, or no connection. Whether a write took effect is unknown.
 */
export type FastlyErrorCode =
  | "FASTLY_DENIED"
  | "FASTLY_RATE_LIMITED"
  | "FASTLY_REFUSED"
  | "FASTLY_UNAVAILABLE";

export interface FastlyErrorDetail extends ErrorOptions {
  readonly status?: number | undefined;
  readonly dueAt?: Date | undefined;
}

/** A call to Fastly's API that did not succeed. The message names the call and Fastly's own words, never the token. */
export class FastlyError extends Error {
  readonly code: FastlyErrorCode;
  readonly status: number | undefined;
  readonly dueAt: Date | undefined;

  constructor(code: FastlyErrorCode, message: string, { status, dueAt, ...options }: FastlyErrorDetail = {}) {
    super(message, options);
    this.name = "FastlyError";
    this.code = code;
    this.status = status;
    this.dueAt = dueAt;
  }
}

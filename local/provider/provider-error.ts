/** gRPC's words, by which an engine tells one refusal from another. UNAVAILABLE is not among them: it crashes the SDK. */
export type ProviderErrorCode =
  | "ABORTED"
  | "ALREADY_EXISTS"
  | "DEADLINE_EXCEEDED"
  | "FAILED_PRECONDITION"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "PERMISSION_DENIED"
  | "UNIMPLEMENTED";

/** A call that a provider refuses; the message is for the one who runs the program. */
export class ProviderError extends Error {
  readonly code: ProviderErrorCode;

  constructor(code: ProviderErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProviderError";
    this.code = code;
  }
}

/**
 * What was thrown can be anything, and an `Error` of another realm fails `instanceof`: these look
 * at its shape.
 */

/** `code` as Node's system errors (`ECONNRESET`) and Google's clients (`404`) have it, as a string. */
export function codeOf(thrown: unknown): string | undefined {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" || typeof code === "number" ? String(code) : undefined;
}

export function messageOf(thrown: unknown): string {
  const message =
    typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : undefined;
  return typeof message === "string" && message !== "" ? message : String(thrown);
}

import type { MiddlewareHandler } from "hono";
import { ProblemError } from "./problem.ts";
import { quotedValue } from "./quoted-value.ts";

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** @throws {ProblemError} 415, or 400 for a body that only claims to be JSON. */
export const requireJson: MiddlewareHandler = async (context, next) => {
  const type = context.req.header("content-type");
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new ProblemError(
      415,
      "not-json",
      `The body must be application/json in UTF-8; got ${type === undefined ? "no content type" : quotedValue(type)}.`,
    );
  }
  const body = await context.req.text();
  try {
    JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new ProblemError(400, "malformed-json", `The body must be valid JSON; got ${quotedValue(body)}.`);
    }
    throw error;
  }
  await next();
};

/** Answers 405 for methods that a path does not have. @throws {ProblemError} */
export function refuseOtherMethods(allow: string): MiddlewareHandler {
  return async (context) => {
    throw new ProblemError(
      405,
      "method-not-allowed",
      `${context.req.path} takes ${allow}; got ${context.req.method}.`,
      { headers: { allow } },
    );
  };
}

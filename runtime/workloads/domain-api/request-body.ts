import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock } from "../../workload/clock.ts";
import { DeadlineExceeded, withDeadline } from "../../workload/deadline.ts";
import type { Scope } from "./ports.ts";
import { ProblemError } from "./problem.ts";
import { quotedValue } from "./quoted-value.ts";

const MAX_BODY_BYTES = 8 * 1024;
/** A body of that size is there with its headers, or a moment later. */
const DEADLINE_MS = 5_000;
/** Requests of one caller that an instance waits for at once, of the 80 that it takes: the others' find a place. */
const MAX_WAITING = 60;

export interface BodyRules {
  readonly clock: Clock;
}

const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new ProblemError(413, "body-too-large", `The body must be ${MAX_BODY_BYTES} bytes or less.`);
  },
});

/**
 * Waits for a request's body before anything is done for it, so that who sends none holds a place for
 * seconds, and of the places only some.
 *
 * @throws {ProblemError} 408, 413, 415 for a coding, or 429 with too many of the caller's waited for
 */
export function requireBody({ clock }: BodyRules): MiddlewareHandler<{
  Variables: { scope: Scope };
}> {
  const waiting = new Map<string, number>();
  return async (context, next) => {
    refuseCoding(context.req.header("content-encoding"));
    if (context.req.raw.body) {
      const { email } = context.get("scope").caller;
      enter(waiting, email);
      try {
        // Hono keeps the text for whoever asks for it later.
        const read = async () => void (await limitBody(context, async () => void (await context.req.text())));
        await withDeadline("To read the body", DEADLINE_MS, read(), clock);
      } catch (error) {
        if (!(error instanceof DeadlineExceeded)) throw error;
        const detail = `The body must arrive within ${DEADLINE_MS / 1_000} s.`;
        throw new ProblemError(408, "body-too-slow", detail, { headers: { connection: "close" } });
      } finally {
        leave(waiting, email);
      }
    }
    await next();
  };
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16 */
function refuseCoding(coding: string | undefined): void {
  if (coding === undefined || coding.trim() === "" || coding.trim().toLowerCase() === "identity") return;
  const detail = `The body must have no content coding; got ${quotedValue(coding)}.`;
  throw new ProblemError(415, "content-coding", detail, { headers: { "accept-encoding": "identity" } });
}

function enter(waiting: Map<string, number>, caller: string): void {
  const count = waiting.get(caller) ?? 0;
  if (count >= MAX_WAITING) {
    const detail = `Of a caller's requests, ${MAX_WAITING} at most may wait for their bodies at once.`;
    throw new ProblemError(429, "too-many-at-once", detail, {
      headers: { "retry-after": "1", connection: "close" },
    });
  }
  waiting.set(caller, count + 1);
}

function leave(waiting: Map<string, number>, caller: string): void {
  const count = (waiting.get(caller) ?? 1) - 1;
  if (count > 0) waiting.set(caller, count);
  else waiting.delete(caller);
}

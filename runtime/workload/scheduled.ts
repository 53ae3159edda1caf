import { Hono } from "hono";
import { readClaims } from "./claims.ts";
import { withDeadline } from "./deadline.ts";
import type { Logger } from "./logger.ts";
import { Span } from "./span.ts";
import { createTrace, type Trace } from "./trace.ts";

/** For what a round still does when its signal has aborted. */
const GRACE_MS = 1_000;

export interface Round {
  /** The span of this round. */
  readonly trace: Trace;
  readonly logger: Logger;
  /** Aborts when the round has taken as long as it may. */
  readonly signal: AbortSignal;
}

export interface ScheduledOptions {
  /** What `email` of the token must be. That it is genuine, and meant for this service, Cloud Run has verified. */
  readonly serviceAccount: string;
  readonly logger: Logger;
  /** Some seconds less than the service's own timeout. */
  readonly deadlineMs: number;
  /** One round of the work, with what its closing line shall say beside the outcome. A throw fails the round. */
  run(round: Round): Promise<Readonly<Record<string, unknown>>>;
}

/**
 * `POST /` for a job of Cloud Scheduler: 204 for a round that is done, 503 for one that failed. Rounds of
 * one instance never overlap: while one runs, a call is answered at once, since the round sees to it all.
 */
export function scheduledRoute({ serviceAccount, logger, deadlineMs, run }: ScheduledOptions): Hono {
  const app = new Hono();
  let isRunning = false;

  app.post("/", async (context) => {
    const claims = readClaims(context.req.raw.headers);
    if (claims === undefined)
      return refused(401, "The request needs an ID token of a verified e-mail address.");
    if (claims.email !== serviceAccount) return refused(403, `"${claims.email}" may not start a round.`);
    if (isRunning) {
      logger.info({ outcome: "skipped" }, "A round is under way");
      return new Response(null, { status: 204 });
    }
    isRunning = true;
    try {
      return await settle();
    } finally {
      isRunning = false;
    }
  });
  return app;

  function refused(status: 401 | 403, reason: string): Response {
    logger.warn({ status, reason }, "Round refused");
    return new Response(`${reason}\n`, { status });
  }

  /** One line tells the outcome, with the round's span. */
  async function settle(): Promise<Response> {
    const trace = createTrace();
    const span = new Span(trace);
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const fields = await span.run(() =>
        withDeadline("The round", deadlineMs + GRACE_MS, run({ trace, logger, signal })),
      );
      logger.info({ outcome: "done", ...fields, ...span.fields() }, "Round done");
      return new Response(null, { status: 204 });
    } catch (error) {
      // The next round tries again; that none succeeds for a while is an alert of its own.
      logger.error({ error, outcome: "retry", ...span.fields() }, "Round failed");
      return new Response(null, { status: 503 });
    }
  }
}

import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { readClaims } from "./claims.ts";
import { withDeadline } from "./deadline.ts";
import { type Logger, traceFields } from "./logger.ts";
import type { Outcome } from "./outcome.ts";
import { Span } from "./span.ts";
import { messageOf } from "./thrown.ts";
import { continueTrace, parseTraceparent, type Trace } from "./trace.ts";

/** Our messages are a few hundred bytes; an envelope far beyond is not one of them. */
const MAX_ENVELOPE_BYTES = 64 * 1024;
/** Under the 600 s after which Pub/Sub delivers again. */
const DEADLINE_MS = 540_000;
/** For what a handler still does when its signal has aborted: to let go of a lease. */
const GRACE_MS = 1_000;

/** @see https://cloud.google.com/pubsub/docs/push#receive_push */
const envelopeSchema = z.object({
  message: z.object({
    data: z.base64().default(""),
    attributes: z.record(z.string(), z.string()).default({}),
    messageId: z.string(),
    publishTime: z.string().optional(),
  }),
  subscription: z.string(),
  deliveryAttempt: z.number().int().positive().optional(),
});

export interface Delivery {
  readonly messageId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** From 1, where the subscription has a dead-letter policy. */
  readonly deliveryAttempt: number | undefined;
  /** The span of this delivery. */
  readonly trace: Trace;
  readonly logger: Logger;
  /** Aborts when the delivery has taken as long as it may. A second later it is answered with "try again". */
  readonly signal: AbortSignal;
}

export interface PushOptions<Message> {
  readonly schema: z.ZodType<Message>;
  /** What `email` of the token must be. That it is genuine, and meant for this service, Cloud Run has verified. */
  readonly serviceAccount: string;
  readonly logger: Logger;
  /** A throw is taken as `retry`. */
  handle(message: Message, delivery: Delivery): Promise<Outcome>;
  /** Some seconds less than the service's own timeout. @default 540,000, under the longest acknowledgement deadline. */
  readonly deadlineMs?: number;
}

/**
 * `POST /` for a Pub/Sub push subscription: 204 for done and for what will never work (logged with
 * its reason: a message that breaks the schema is one of these), 503 for "try again".
 */
export function pushRoute<Message>(options: PushOptions<Message>): Hono {
  const { schema, serviceAccount, logger, handle, deadlineMs = DEADLINE_MS } = options;
  const app = new Hono();

  const refuse = (status: 401 | 403, reason: string) => {
    logger.warn({ status, reason }, "Push refused");
    return new Response(`${reason}\n`, { status });
  };
  const drop = (reason: string, fields: object) => {
    logger.error({ ...fields, outcome: "dropped", reason }, "Message dropped");
    return new Response(null, { status: 204 });
  };

  app.use("/", async (context, next) => {
    const claims = readClaims(context.req.raw.headers);
    if (claims === undefined)
      return refuse(401, "The request needs an ID token of a verified e-mail address.");
    if (claims.email !== serviceAccount) return refuse(403, `"${claims.email}" may not push here.`);
    return next();
  });

  app.post(
    "/",
    bodyLimit({
      maxSize: MAX_ENVELOPE_BYTES,
      onError: () => drop(`The envelope is larger than ${MAX_ENVELOPE_BYTES} bytes.`, {}),
    }),
    async (context) => {
      const envelope = envelopeSchema.safeParse(await context.req.json().catch(() => undefined));
      if (!envelope.success) return drop(`Not a push envelope. ${z.prettifyError(envelope.error)}`, {});
      const { message, subscription, deliveryAttempt } = envelope.data;
      const { attributes, messageId, publishTime } = message;
      const trace = continueTrace(attributes.traceparent);
      const child = logger.child({ ...traceFields(trace), messageId, subscription, deliveryAttempt });

      const parsed = schema.safeParse(parseJson(Buffer.from(message.data, "base64").toString("utf8")));
      if (!parsed.success) {
        return drop(`The message breaks its schema. ${z.prettifyError(parsed.error)}`, child.bindings());
      }
      const signal = AbortSignal.timeout(deadlineMs);
      const span = new Span(trace);
      // The push is a request of Pub/Sub's, in a trace of its own, with an entry in the request log.
      const requestTrace = parseTraceparent(context.req.header("traceparent"))?.traceId;
      const closing = () => ({ ...span.fields(), publishTime, requestTrace });
      const outcome = await span.run(() =>
        settle(child, closing, () =>
          withDeadline(
            "The handler",
            deadlineMs + GRACE_MS,
            handle(parsed.data, { messageId, attributes, deliveryAttempt, trace, logger: child, signal }),
          ),
        ),
      );
      if (outcome.kind === "retry") return new Response(null, { status: 503 });
      return new Response(null, { status: 204 });
    },
  );
  return app;
}

/** One line tells the outcome, and with `closing` the delivery's span. */
async function settle(
  logger: Logger,
  closing: () => object,
  handle: () => Promise<Outcome>,
): Promise<Outcome> {
  try {
    const outcome = await handle();
    const reason = outcome.kind !== "done" && { reason: outcome.reason };
    const fields = { outcome: outcome.kind, ...reason, ...closing() };
    if (outcome.kind === "done") logger.info(fields, "Message done");
    else logger.warn(fields, outcome.kind === "dropped" ? "Message dropped" : "Message to be retried");
    return outcome;
  } catch (error) {
    logger.error({ error, outcome: "retry", ...closing() }, "Handler failed");
    return { kind: "retry", reason: messageOf(error) };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { beforeEach, describe, expect, test } from "@jest/globals";
import * as z from "zod";
import { createLogger } from "./logger.ts";
import type { Outcome } from "./outcome.ts";
import { type Delivery, pushRoute } from "./push.ts";
import { traced } from "./span.ts";

const ACCOUNT = "push@project.iam.gserviceaccount.com";
const TRACE = "0af7651916cd43dd8448eb211c80319c";

let handled: { message: unknown; delivery: Delivery }[];
let lines: string[];
let outcome: () => Promise<Outcome>;
let app: ReturnType<typeof pushRoute>;

beforeEach(() => {
  handled = [];
  lines = [];
  outcome = async () => ({ kind: "done" });
  app = route();
});

function route(options: { readonly deadlineMs?: number } = {}) {
  return pushRoute({
    schema: z.strictObject({ domain: z.string() }),
    serviceAccount: ACCOUNT,
    logger: createLogger({ K_SERVICE: "v", K_REVISION: "1" }, { write: (line) => lines.push(line) }),
    handle: async (message, delivery) => {
      handled.push({ message, delivery });
      return outcome();
    },
    ...options,
  });
}

const claims = { aud: "https://validator-abc-ew.a.run.app", email: ACCOUNT, email_verified: true };
const token = (payload: object) =>
  `Bearer e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.SIGNATURE_REMOVED_BY_GOOGLE`;

function envelope(data: unknown, fields: object = {}) {
  return {
    message: {
      data: Buffer.from(typeof data === "string" ? data : JSON.stringify(data)).toString("base64"),
      attributes: { customer: "alice", traceparent: `00-${TRACE}-b7ad6b7169203331-01` },
      messageId: "42",
      publishTime: "2026-11-01T12:00:00Z",
    },
    subscription: "projects/p/subscriptions/s",
    deliveryAttempt: 3,
    ...fields,
  };
}

const push = (body: unknown, authorization: string | undefined = token(claims), traceparent?: string) =>
  app.request("/", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(authorization && { authorization }),
      ...(traceparent && { traceparent }),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

test("hands the message on with its attributes, attempt and trace; done is 204", async () => {
  expect((await push(envelope({ domain: "a.test" }))).status).toBe(204);
  expect(handled).toMatchObject([
    {
      message: { domain: "a.test" },
      delivery: {
        messageId: "42",
        deliveryAttempt: 3,
        attributes: { customer: "alice" },
        trace: { traceId: TRACE },
      },
    },
  ]);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
    outcome: "done",
    "logging.googleapis.com/trace": TRACE,
  });
});

test("closes a delivery with its span: whose work it continues, when it was published, which push brought it", async () => {
  outcome = async () => {
    await traced("Storage read domains/a.test.json", async () => undefined);
    throw new Error("boom");
  };
  await push(envelope({ domain: "a.test" }), undefined, `00-${"c".repeat(32)}-${"d".repeat(16)}-01`);
  const line = JSON.parse(lines.at(-1) ?? "");
  expect(line).toMatchObject({
    message: "Handler failed",
    publishTime: "2026-11-01T12:00:00Z",
    requestTrace: "c".repeat(32),
    "logging.googleapis.com/trace": TRACE,
    span: { parentSpanId: "b7ad6b7169203331", calls: [{ name: "Storage read domains/a.test.json" }] },
  });
  expect(line["logging.googleapis.com/spanId"]).toBe(handled[0]?.delivery.trace.spanId);
});

test.each<[string, () => Promise<Outcome>, number, object]>([
  [
    "dropped",
    async () => ({ kind: "dropped", reason: "removed" }),
    204,
    { outcome: "dropped", reason: "removed" },
  ],
  [
    "to be retried",
    async () => ({ kind: "retry", reason: "busy" }),
    503,
    { outcome: "retry", reason: "busy" },
  ],
  ["a throw", () => Promise.reject(new Error("boom")), 503, { outcome: "retry", error: { message: "boom" } }],
])("%s is answered and its reason logged", async (_title, result, status, line) => {
  outcome = result;
  expect((await push(envelope({ domain: "a.test" }))).status).toBe(status);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject(line);
});

test("answers for a handler that ignores its signal", async () => {
  app = route({ deadlineMs: 5 });
  outcome = () => new Promise(() => undefined);
  expect((await push(envelope({ domain: "a.test" }))).status).toBe(503);
  expect(handled[0]?.delivery.signal.aborted).toBe(true);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
    outcome: "retry",
    error: { code: "DEADLINE_EXCEEDED" },
  });
});

test("leaves a handler that heeds its signal the last word", async () => {
  app = route({ deadlineMs: 5 });
  outcome = () =>
    new Promise((resolve) => {
      handled[0]?.delivery.signal.addEventListener("abort", () =>
        setImmediate(() => resolve({ kind: "dropped", reason: "too late" })),
      );
    });
  expect((await push(envelope({ domain: "a.test" }))).status).toBe(204);
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ outcome: "dropped", reason: "too late" });
});

describe("what will never work is acknowledged with its reason, unhandled", () => {
  test.each<[string, unknown, string]>([
    ["an unknown field", envelope({ domain: "a.test", order: 1 }), "order"],
    ["a wrong type", envelope({ domain: 1 }), "domain"],
    ["no JSON", envelope("{"), "schema"],
    ["no envelope", { hello: "world" }, "Not a push envelope"],
    ["no JSON at all", "{", "Not a push envelope"],
    ["too large", envelope({ domain: "a".repeat(70_000) }), "larger than 65536 bytes"],
  ])("%s", async (_title, body, reason) => {
    expect((await push(body)).status).toBe(204);
    expect(handled).toEqual([]);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      severity: "ERROR",
      outcome: "dropped",
      reason: expect.stringContaining(reason),
    });
  });
});

test.each<[string, string, number]>([
  ["no token", "", 401],
  ["no JWT", "Bearer abc", 401],
  ["another scheme", `Basic ${token(claims)}`, 401],
  ["an unverified address", token({ ...claims, email_verified: "true" }), 401],
  ["another account", token({ ...claims, email: "other@project.iam.gserviceaccount.com" }), 403],
])("%s is refused before the body is looked at", async (_title, authorization, status) => {
  expect((await push(envelope({ domain: "a.test" }), authorization)).status).toBe(status);
  expect(handled).toEqual([]);
});

import { expect, test } from "@jest/globals";
import { noteEvent, Span, traced, traceHeaders } from "./span.ts";
import { continueTrace } from "./trace.ts";

const HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("tells in one record which calls its work made, whatever became of them, and which steps it took", async () => {
  const span = new Span(continueTrace(HEADER));
  await span.run(async () => {
    await traced("Storage read a", async () => undefined);
    noteEvent("ordered");
    await Promise.allSettled([
      traced("Fastly POST /tls", async () => {
        throw new Error("no answer");
      }),
    ]);
  });
  expect(span.fields()).toEqual({
    "logging.googleapis.com/trace": "0af7651916cd43dd8448eb211c80319c",
    "logging.googleapis.com/spanId": span.trace.spanId,
    "logging.googleapis.com/trace_sampled": true,
    span: {
      parentSpanId: "b7ad6b7169203331",
      startTime: expect.stringMatching(/^\d{4}-.*Z$/),
      durationMs: expect.any(Number),
      calls: [
        { name: "Storage read a", startMs: expect.any(Number), durationMs: expect.any(Number) },
        expect.objectContaining({ name: "Fastly POST /tls", error: "no answer" }),
      ],
      events: [{ name: "ordered", atMs: expect.any(Number) }],
    },
  });
});

test("keeps two spans that work at once apart, and is silent outside of any", async () => {
  const [one, two] = [new Span(continueTrace(undefined)), new Span(continueTrace(undefined))];
  await Promise.all([
    one.run(async () => {
      await Promise.resolve();
      await traced("one", async () => {
        expect(traceHeaders().traceparent).toContain(one.trace.spanId);
      });
    }),
    two.run(() => traced("two", async () => undefined)),
  ]);
  expect(await traced("three", async () => 3)).toBe(3);
  noteEvent("nowhere");
  expect(traceHeaders()).toEqual({});
  const names = (span: Span) =>
    (span.fields().span as { calls: { name: string }[] }).calls.map(({ name }) => name);
  expect([names(one), names(two)]).toEqual([["one"], ["two"]]);
});

test("stays small: calls beyond a hundred are counted, and long names cut", async () => {
  const span = new Span(continueTrace(undefined));
  await span.run(async () => {
    for (let count = 0; count < 130; count++) await traced("x".repeat(1_000), async () => undefined);
    for (let count = 0; count < 130; count++) noteEvent("step");
  });
  const { calls, events, moreCalls } = span.fields().span as Record<string, { length: number }>;
  expect([calls?.length, events?.length, moreCalls]).toEqual([100, 50, 30]);
  expect(JSON.stringify(span.fields()).length).toBeLessThan(30_000);
});

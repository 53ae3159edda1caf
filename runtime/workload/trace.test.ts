import { expect, test } from "@jest/globals";
import { continueTrace, createTrace, formatTraceparent, parseTraceparent } from "./trace.ts";

const HEADER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("what it writes it reads, and a continued trace keeps its id and decision under a new span", () => {
  expect(parseTraceparent(formatTraceparent(createTrace()))?.sampled).toBe(true);
  const child = continueTrace(HEADER.replace(/1$/, "0"));
  expect(child).toMatchObject({ traceId: "0af7651916cd43dd8448eb211c80319c", sampled: false });
  expect(child.spanId).toMatch(/^(?!b7ad6b7169203331)[0-9a-f]{16}$/);
});

test("a later version's extra fields are passed over", () => {
  expect(parseTraceparent(HEADER.replace("00-", "cc-").concat("-what-the-future-brings"))).toBeDefined();
});

test.each([
  undefined,
  "",
  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
  "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "00-00000000000000000000000000000000-b7ad6b7169203331-01",
  "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
  "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
  `${HEADER}-${"x".repeat(600)}`,
])("%j starts a trace of its own", (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
  expect(continueTrace(header).traceId).toMatch(/^(?!0af7651916cd43dd8448eb211c80319c)[0-9a-f]{32}$/);
});

import { randomBytes } from "node:crypto";

/** @see https://www.w3.org/TR/trace-context/ "version 00": later versions may only append fields. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const MAX_LENGTH = 512;

/** Where a piece of work belongs, in hexadecimal as on the wire. */
export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  /** The caller's span, where there is a caller. */
  readonly parentSpanId?: string;
  readonly sampled: boolean;
}

export function createTrace(): Trace {
  return { traceId: randomBytes(16).toString("hex"), spanId: newSpanId(), sampled: true };
}

/** `undefined` for whatever is not a valid `traceparent`: the standard says to start anew then. */
export function parseTraceparent(header: string | undefined): Trace | undefined {
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  const match = TRACEPARENT.exec(header.trim());
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** A new span in the caller's trace, or in a trace of its own. */
export function continueTrace(header: string | undefined): Trace {
  const parent = parseTraceparent(header);
  return parent ? childOf(parent) : createTrace();
}

function childOf(parent: Trace): Trace {
  return { ...parent, spanId: newSpanId(), parentSpanId: parent.spanId };
}

export function formatTraceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

function newSpanId(): string {
  return randomBytes(8).toString("hex");
}

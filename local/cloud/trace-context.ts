import { randomBytes } from "node:crypto";

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/;

/** One of Google's own spans: of a load balancer, or of Cloud Run's front end. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** A new span in the trace of a request's `traceparent`, or in a new trace, which is sampled. */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const [, traceId, , flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  return {
    traceId: traceId ?? randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    isSampled: flags === undefined || (Number.parseInt(flags, 16) & 1) === 1,
  };
}

export function toTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** The fields of a log entry. */
export function traceFields({ traceId, spanId, isSampled }: TraceContext) {
  return { trace: traceId, spanId, traceSampled: isSampled };
}

/** The trace of what carries a `traceparent` as an attribute, for a log entry about it. */
export function traceOf(attributes: Readonly<Record<string, string>>): { trace?: string } {
  const trace = TRACEPARENT.exec(attributes.traceparent ?? "")?.[1];
  return trace ? { trace } : {};
}

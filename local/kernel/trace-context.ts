import { randomBytes } from "node:crypto";

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})/;
/** @see https://cloud.google.com/trace/docs/trace-context#legacy-http-header */
const CLOUD_TRACE_CONTEXT = /^(?!0{32})([\da-f]{32})(?:\/\d+)?(?:;o=(\d+))?$/i;

/** One of Google's own spans: of a load balancer, or of Cloud Run's front end. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/**
 * A new span in the trace of a request's `traceparent`, else in that of its `X-Cloud-Trace-Context`,
 * else in a new trace, which is sampled.
 */
export function continueTrace(traceparent: string | undefined, cloudTraceContext?: string): TraceContext {
  const spanId = randomBytes(8).toString("hex");
  const [, traceId, , flags = ""] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId !== undefined) return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
  const [, legacyId, options] = CLOUD_TRACE_CONTEXT.exec(cloudTraceContext ?? "") ?? [];
  if (legacyId !== undefined) return { traceId: legacyId.toLowerCase(), spanId, isSampled: options !== "0" };
  return { traceId: randomBytes(16).toString("hex"), spanId, isSampled: true };
}

export function toTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`;
}

/** The header that Google's front ends give beside `traceparent`. */
export function toCloudTraceContext({ traceId, spanId, isSampled }: TraceContext): string {
  return `${traceId}/${BigInt(`0x${spanId}`)};o=${isSampled ? 1 : 0}`;
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

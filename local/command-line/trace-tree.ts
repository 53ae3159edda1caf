import { objectOf, objectsOf, textOf } from "../kernel/property-values.ts";
import { type ExportedEntry, messageOf, traceIdOf } from "../services/logging/log-entry.ts";
import type { FoundEntry } from "./log-files.ts";

/** Clocks of log entries tick in milliseconds, so an enclosing span may seem this much too short. */
const TOLERANCE_MS = 2;
/** The monitored resource of a load balancer's request log. */
const LOAD_BALANCER = "http_load_balancer";

/** A piece of work of a trace, with what it led to. Times are milliseconds after the trace's start. */
export interface TraceSpan {
  readonly name: string;
  /** Whose work it is: a workload's, the load balancer's, Pub/Sub's. */
  readonly source: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status?: number;
  readonly error?: string;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  readonly children: readonly TraceSpan[];
}

export interface TraceTree {
  readonly traceId: string;
  /** RFC 3339. */
  readonly startTime: string;
  readonly durationMs: number;
  readonly spans: readonly TraceSpan[];
}

interface Node {
  readonly name: string;
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly start: number;
  readonly durationMs: number;
  readonly status?: number;
  readonly error?: string;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  readonly children: Node[];
  /** Of a request, which may lie within another of the same trace alone. */
  readonly requestTrace?: string | undefined;
}

/** What a workload's closing line tells of its span. */
interface Work {
  readonly node: Node;
  readonly parentSpanId: string | undefined;
  readonly delivery: Node | undefined;
  /** Of the push that brought the message. */
  readonly requestTrace: string | undefined;
}

/** Traces that these entries say belong to their own: those of the requests that brought messages. */
export function linkedTraces(entries: readonly FoundEntry[]): ReadonlySet<string> {
  return new Set(entries.flatMap(({ entry }) => textOf(entry.jsonPayload?.requestTrace) ?? []));
}

/**
 * Puts the spans of a trace together from log entries alone: an entry of a request log is a span of
 * a front end, and a load balancer's is around the one that it led to; a workload's closing line is a span with its calls, and tells of the delivery that
 * led to it. A request that no span names as its child belongs to the shortest that encloses it.
 */
export function buildTrace(traceId: string, entries: readonly FoundEntry[]): TraceTree | undefined {
  const requests = entries.flatMap((found) => {
    const node = requestNode(found);
    return node ? [{ node, entry: found.entry }] : [];
  });
  const works = entries.flatMap((found) => workOf(found) ?? []);
  const bySpan = new Map<string, Node>();
  for (const { node, entry } of requests) if (entry.spanId) bySpan.set(entry.spanId, node);
  for (const [index, { entry }] of entries.filter((found) => workOf(found)).entries()) {
    const work = works[index];
    if (work && entry.spanId) bySpan.set(entry.spanId, work.node);
  }

  const roots = new Set([...requests, ...works].map(({ node }) => node));
  const adopt = (parent: Node | undefined, child: Node) => {
    if (!parent || parent === child) return;
    parent.children.push(child);
    roots.delete(child);
  };
  for (const { node, parentSpanId, delivery, requestTrace } of works) {
    const parent = parentSpanId === undefined ? undefined : bySpan.get(parentSpanId);
    if (!delivery) {
      adopt(parent, node);
      continue;
    }
    const push = requests.find(({ entry }) => traceIdOf(entry) === requestTrace)?.node;
    roots.add(delivery);
    adopt(delivery, push ?? node);
    if (push) adopt(push, node);
    adopt(parent, delivery);
  }
  const balanced = requests.filter(({ entry }) => entry.resource.type === LOAD_BALANCER);
  const served = requests.filter((request) => !balanced.includes(request));
  for (const { node } of served.sort((a, b) => a.node.start - b.node.start)) {
    if (roots.has(node)) adopt(balancerOf(node, balanced), node);
  }
  for (const { node } of requests) {
    if (roots.has(node)) adopt(shortestAround(node, [...roots]), node);
  }
  return toTree(traceId, [...roots]);
}

function requestNode({ source, entry }: FoundEntry): Node | undefined {
  const { httpRequest, timestamp } = entry;
  if (httpRequest?.status === undefined || httpRequest.latency === undefined) return undefined;
  const { requestMethod, requestUrl, status, latency } = httpRequest;
  return {
    name: `${requestMethod} ${requestUrl}`,
    source,
    // The request log's time is when a request came.
    start: Date.parse(timestamp),
    durationMs: Number.parseFloat(latency) * 1000,
    status,
    events: [],
    children: [],
    requestTrace: traceIdOf(entry),
  };
}

function workOf({ source, entry }: FoundEntry): Work | undefined {
  const payload = objectOf(entry.jsonPayload);
  const span = objectOf(payload.span);
  const start = Date.parse(textOf(span.startTime) ?? "");
  if (Number.isNaN(start)) return undefined;
  const error = textOf(objectOf(payload.error).message) ?? textOf(payload.reason);
  const node: Node = {
    name: messageOf(entry),
    source,
    start,
    durationMs: Number(span.durationMs),
    ...(typeof payload.status === "number" && { status: payload.status }),
    ...(error !== undefined && { error }),
    events: objectsOf(span.events).map(({ name, atMs }) => ({
      name: String(name),
      atMs: start + Number(atMs),
    })),
    children: objectsOf(span.calls).map((call) => callNode(source, start, call)),
  };
  return {
    node,
    parentSpanId: textOf(span.parentSpanId),
    delivery: deliveryNode(payload, start),
    requestTrace: textOf(payload.requestTrace),
  };
}

function callNode(source: string, start: number, call: Readonly<Record<string, unknown>>): Node {
  const error = textOf(call.error);
  return {
    name: String(call.name),
    source,
    start: start + Number(call.startMs),
    durationMs: Number(call.durationMs),
    ...(error !== undefined && { error }),
    events: [],
    children: [],
  };
}

/** From the publishing of a message until its handler started. */
function deliveryNode(
  payload: NonNullable<ExportedEntry["jsonPayload"]>,
  handledAt: number,
): Node | undefined {
  const publishedAt = Date.parse(textOf(payload.publishTime) ?? "");
  if (Number.isNaN(publishedAt)) return undefined;
  const { subscription, deliveryAttempt } = payload;
  const attempt = typeof deliveryAttempt === "number" ? `, attempt ${deliveryAttempt}` : "";
  const start = Math.min(publishedAt, handledAt);
  return {
    name: `delivery to ${String(subscription).split("/").at(-1)}${attempt}`,
    source: "pubsub",
    start,
    durationMs: handledAt - start,
    events: [],
    children: [],
  };
}

/**
 * The load balancer that handed a request on. Each of the two measures for itself, so that the inner one may seem to
 * take longer: which is which the logs' kinds tell, not the times.
 */
function balancerOf(served: Node, balanced: readonly { readonly node: Node }[]): Node | undefined {
  return balanced
    .map(({ node }) => node)
    .filter(
      ({ name, requestTrace, start, children }) =>
        name === served.name &&
        requestTrace === served.requestTrace &&
        start <= served.start + TOLERANCE_MS &&
        children.length === 0,
    )
    .sort((a, b) => b.start - a.start)[0];
}

function shortestAround(inner: Node, within: readonly Node[]): Node | undefined {
  const around = within
    .flatMap(withDescendants)
    .filter(
      (node) =>
        node !== inner &&
        (node.requestTrace === undefined || node.requestTrace === inner.requestTrace) &&
        node.start <= inner.start + TOLERANCE_MS &&
        endOf(node) >= endOf(inner) - TOLERANCE_MS &&
        node.durationMs >= inner.durationMs &&
        !withDescendants(inner).includes(node),
    );
  return around.sort((a, b) => a.durationMs - b.durationMs)[0];
}

function withDescendants(node: Node): readonly Node[] {
  return [node, ...node.children.flatMap(withDescendants)];
}

function endOf({ start, durationMs }: Node): number {
  return start + durationMs;
}

function toTree(traceId: string, roots: readonly Node[]): TraceTree | undefined {
  const all = roots.flatMap(withDescendants);
  if (all.length === 0) return undefined;
  const start = Math.min(...all.map((node) => node.start));
  const end = Math.max(...all.map(endOf));
  return {
    traceId,
    startTime: new Date(start).toISOString(),
    durationMs: round(end - start),
    spans: toSpans(roots, start),
  };
}

function toSpans(nodes: readonly Node[], origin: number): readonly TraceSpan[] {
  return [...nodes]
    .sort((a, b) => a.start - b.start)
    .map(({ start, durationMs, events, children, requestTrace: _, ...rest }) => ({
      ...rest,
      startMs: round(start - origin),
      durationMs: round(durationMs),
      events: events.map(({ name, atMs }) => ({ name, atMs: round(atMs - origin) })),
      children: toSpans(children, origin),
    }));
}

/** Tenths of a millisecond. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

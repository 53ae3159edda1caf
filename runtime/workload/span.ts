import { AsyncLocalStorage } from "node:async_hooks";
import { traceFields } from "./logger.ts";
import { messageOf } from "./thrown.ts";
import { formatTraceparent, type Trace } from "./trace.ts";

/** More than any handler makes; what is beyond is counted. */
const MOST_CALLS = 100;
const MOST_EVENTS = 50;
const MOST_CHARACTERS = 160;

const current = new AsyncLocalStorage<Span>();

interface Call {
  readonly name: string;
  /** After the span's start. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly error?: string;
}

/**
 * One piece of work in a trace, with the calls to others that it made. It is told by one log line at
 * its end: that costs no exporter, no library and no line for each call, and whoever reads the logs
 * of a trace can put its spans together.
 */
export class Span {
  readonly trace: Trace;
  readonly #startTime = new Date();
  readonly #startedAt = performance.now();
  readonly #calls: Call[] = [];
  readonly #events: { readonly name: string; readonly atMs: number }[] = [];
  #uncounted = 0;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Everything that `work` does belongs to this span, however it is scheduled. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return current.run(this, work);
  }

  async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startMs = this.#now();
    try {
      const result = await work();
      this.#note(name, startMs);
      return result;
    } catch (error) {
      this.#note(name, startMs, messageOf(error));
      throw error;
    }
  }

  event(name: string): void {
    if (this.#events.length < MOST_EVENTS) this.#events.push({ name, atMs: this.#now() });
  }

  /** The fields of the closing log line. */
  fields(): Readonly<Record<string, unknown>> {
    const { parentSpanId } = this.trace;
    return {
      ...traceFields(this.trace),
      span: {
        ...(parentSpanId !== undefined && { parentSpanId }),
        startTime: this.#startTime.toISOString(),
        durationMs: this.#now(),
        calls: [...this.#calls],
        events: [...this.#events],
        ...(this.#uncounted > 0 && { moreCalls: this.#uncounted }),
      },
    };
  }

  #note(name: string, startMs: number, error?: string): void {
    if (this.#calls.length >= MOST_CALLS) {
      this.#uncounted += 1;
      return;
    }
    const durationMs = Math.max(0, round(this.#now() - startMs));
    this.#calls.push({
      name: cut(name),
      startMs,
      durationMs,
      ...(error !== undefined && { error: cut(error) }),
    });
  }

  #now(): number {
    return round(performance.now() - this.#startedAt);
  }
}

/** Makes a call to another service a part of the span that the caller works in, if it works in one. */
export function traced<T>(name: string, call: () => Promise<T>): Promise<T> {
  const span = current.getStore();
  return span ? span.call(name, call) : call();
}

/** Notes a step of the work in the span that it belongs to, if it belongs to one. */
export function noteEvent(name: string): void {
  current.getStore()?.event(name);
}

/** For a request that shall belong to the same trace; empty outside of a span. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const span = current.getStore();
  return span ? { traceparent: formatTraceparent(span.trace) } : {};
}

/** Tenths of a millisecond. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}

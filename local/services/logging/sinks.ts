import type { CloudResource, Kernel, Part } from "../../kernel/contract.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import { objectsOf, textOf } from "../../kernel/property-values.ts";
import type { PubSub } from "../pubsub/contract.ts";
import { compileFilter, type Matcher } from "./filter.ts";
import type { ExportedEntry } from "./log-entry.ts";
import type { Logging } from "./logging.ts";

export const SINK_KIND = "gcp:logging/projectSink:ProjectSink";

const PUBSUB = "pubsub.googleapis.com/";
/** Entries that wait for the next turn. */
const MOST_WAITING = 10_000;
const MOST_A_MINUTE = 6_000;
const MINUTE_MS = 60_000;

export interface LogSinksOptions {
  /** What a sink sends in a minute: a subscriber that logs each of its messages would never end. @default 6,000 */
  readonly mostAMinute?: number;
}

interface Sink {
  readonly id: string;
  readonly topic: string;
  readonly writer: string;
  takes(entry: ExportedEntry): boolean;
  /** In the minute that began at `minuteFrom`. */
  sent: number;
  minuteFrom: number;
  toldAt: number;
}

/**
 * Sends log entries to Pub/Sub topics, as the program's sinks say, each as the sink's own writer: without
 * a grant to publish nothing is delivered. What keeps a sink from its work is told once a minute.
 *
 * @see https://cloud.google.com/logging/docs/export/configure_export_v2
 */
export class LogSinks implements Part {
  readonly name = "logging";
  readonly #kernel: Kernel;
  readonly #logging: Pick<Logging, "onEntry">;
  readonly #pubsub: Pick<PubSub, "publish">;
  readonly #mostAMinute: number;
  readonly #ends: (() => void)[] = [];
  readonly #sinks = new Map<string, Sink>();
  #waiting: (readonly [Sink, ExportedEntry])[] = [];
  #turn: NodeJS.Immediate | undefined;

  constructor(
    kernel: Kernel & { readonly logging: Pick<Logging, "onEntry" | "write"> },
    pubsub: Pick<PubSub, "publish">,
    { mostAMinute = MOST_A_MINUTE }: LogSinksOptions = {},
  ) {
    this.#kernel = kernel;
    this.#logging = kernel.logging;
    this.#pubsub = pubsub;
    this.#mostAMinute = mostAMinute;
  }

  async start(): Promise<void> {
    const { resources } = this.#kernel;
    for (const { id } of resources.list(SINK_KIND)) this.#follow(id);
    this.#ends.push(
      resources.subscribe((kind, id) => {
        if (kind === SINK_KIND) this.#follow(id);
      }),
      this.#logging.onEntry((entry, source) => {
        if (source !== this.name) this.#take(entry);
      }),
    );
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    clearImmediate(this.#turn);
    this.#send();
  }

  #follow(id: string): void {
    const resource = this.#kernel.resources.get(SINK_KIND, id);
    this.#sinks.delete(id);
    try {
      const sink = resource && parseSink(resource);
      if (sink) this.#sinks.set(id, sink);
    } catch (error) {
      // A provider refuses these first.
      this.#tell(`The sink ${id} does not work: ${error instanceof Error ? error.message : error}.`);
    }
  }

  /** In a turn of its own: who logs may be in the middle of a transaction. */
  #take(entry: ExportedEntry): void {
    for (const sink of this.#sinks.values()) {
      if (!this.#takes(sink, entry)) continue;
      const now = Date.now();
      if (now - sink.minuteFrom >= MINUTE_MS) Object.assign(sink, { minuteFrom: now, sent: 0 });
      sink.sent += 1;
      if (sink.sent > this.#mostAMinute || this.#waiting.length >= MOST_WAITING) {
        this.#fail(
          sink,
          `more than ${this.#mostAMinute} entries came in a minute: does it take what its own messages cause?`,
        );
        continue;
      }
      this.#waiting.push([sink, entry]);
      this.#turn ??= setImmediate(() => this.#send());
    }
  }

  /** Whoever logs must not fail over a sink. */
  #takes(sink: Sink, entry: ExportedEntry): boolean {
    try {
      return sink.takes(entry);
    } catch (error) {
      this.#fail(sink, `its filter can't be applied to an entry: ${error}`);
      return false;
    }
  }

  #send(): void {
    this.#turn = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [sink, entry] of waiting) {
      try {
        this.#kernel.iam.require({ email: sink.writer }, "pubsub.topics.publish", sink.topic);
        this.#pubsub.publish(sink.topic, {
          data: Buffer.from(JSON.stringify(entry)),
          attributes: { "logging.googleapis.com/timestamp": entry.timestamp },
        });
      } catch (error) {
        this.#fail(sink, error instanceof Error ? error.message : String(error));
      }
    }
  }

  #fail(sink: Sink, reason: string): void {
    if (Date.now() - sink.toldAt < MINUTE_MS) return;
    sink.toldAt = Date.now();
    this.#tell(`The sink ${sink.id} did not deliver an entry to ${sink.topic}: ${reason}`, { sink: sink.id });
  }

  #tell(message: string, fields: object = {}): void {
    this.#kernel.logging.write({
      severity: "ERROR",
      source: this.name,
      message,
      logName: "logging.googleapis.com/sink_error",
      ...fields,
    });
  }
}

/**
 * Who a sink of the project writes as.
 *
 * @see https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
 */
export function writerIdentity(project: string, isUnique: boolean): string {
  return isUnique
    ? `service-${projectNumber(project)}@gcp-sa-logging.iam.gserviceaccount.com`
    : "cloud-logs@system.gserviceaccount.com";
}

/** `projects/P/topics/T` of a destination, if it is one. */
export function topicOf(destination: string): string | undefined {
  const topic = destination.startsWith(PUBSUB) ? destination.slice(PUBSUB.length) : "";
  return /^projects\/[^/]+\/topics\/[^/]+$/.test(topic) ? topic : undefined;
}

function parseSink({ id, properties }: CloudResource): Sink | undefined {
  const topic = topicOf(textOf(properties.destination) ?? "");
  if (topic === undefined || properties.disabled === true) return undefined;
  const includes = compileFilter(textOf(properties.filter) ?? "");
  const excludes: readonly Matcher[] = objectsOf(properties.exclusions)
    .filter(({ disabled }) => disabled !== true)
    .map(({ filter }) => compileFilter(textOf(filter) ?? ""));
  return {
    id,
    topic,
    writer: writerIdentity(textOf(properties.project) ?? "", properties.uniqueWriterIdentity !== false),
    takes: (entry) => includes(entry) && !excludes.some((matches) => matches(entry)),
    sent: 0,
    minuteFrom: 0,
    toldAt: 0,
  };
}

import { randomBytes } from "node:crypto";
import { createWriteStream, fstatSync, mkdirSync, openSync, renameSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import type { LogEntry, Logging as LoggingContract, ResourceStore } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import { type ExportedEntry, type MonitoredResource, toExported } from "./log-entry.ts";

/** A file past this size becomes `SOURCE.jsonl.1`, in place of the one before. */
const ROTATE_BYTES = 16 * 1024 * 1024;

/** After a write that failed, on a full disk say, no other is tried for so long. */
const REST_MS = 1_000;

/** What runs as a Cloud Run service, under its own name. */
const SERVICE_KINDS = ["gcp:cloudrunv2/service:Service", "gcp:cloudfunctionsv2/function:Function"];
/** Before the first resource says which project this is. */
const NO_PROJECT = "local";

/**
 * One LogEntry of Cloud Logging a line in `STATE_DIR/cloud/logs/SOURCE.jsonl`; at most 32 MiB a source.
 * Entries that the disk does not take are lost, and an entry says so once it does: nobody's work ends
 * over a log line.
 */
export class Logging implements LoggingContract {
  readonly #folder: string;
  readonly #resources: ResourceStore;
  readonly #files = new Map<string, { stream: WriteStream; bytes: number }>();
  readonly #listeners = new Set<(entry: LogEntry) => void>();
  readonly #readers = new Set<(entry: ExportedEntry, source: string) => void>();
  /** Of Cloud Run's services by name; made anew after each of their changes. */
  #services: ReadonlyMap<string, MonitoredResource> | undefined;
  #project = NO_PROJECT;
  readonly #session = randomBytes(5).toString("hex");
  #count = 0;
  #restsUntil = 0;
  #lost = 0;
  readonly #unsubscribe: () => void;

  constructor(folder: string, resources: ResourceStore) {
    this.#folder = folder;
    this.#resources = resources;
    mkdirSync(folder, { recursive: true });
    this.#unsubscribe = resources.subscribe((kind) => {
      if (SERVICE_KINDS.includes(kind)) this.#services = undefined;
    });
  }

  write(entry: LogEntry): void {
    const exported = this.#export(entry);
    this.#keep(exported, entry.source);
    for (const listener of this.#listeners) listener(entry);
    for (const reader of this.#readers) reader(exported, entry.source);
  }

  /** Calls `listener` for each entry from now on, as its writer gave it. Returns the end of the subscription. */
  subscribe(listener: (entry: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onEntry(reader: (entry: ExportedEntry, source: string) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await Promise.all(
      [...this.#files.values()].map(({ stream }) => new Promise<void>((resolve) => stream.end(resolve))),
    );
    this.#files.clear();
  }

  #keep(exported: ExportedEntry, source: string): void {
    if (performance.now() < this.#restsUntil) {
      this.#lost += 1;
      return;
    }
    this.#tellLoss();
    try {
      const line = `${JSON.stringify(exported)}\n`;
      const file = this.#file(source.replaceAll(/[^\w.-]/g, "_"));
      file.stream.write(line);
      file.bytes += Buffer.byteLength(line);
    } catch {
      this.#lose();
    }
  }

  #lose(): void {
    this.#lost += 1;
    this.#restsUntil = performance.now() + REST_MS;
  }

  #tellLoss(): void {
    if (this.#lost === 0) return;
    const message = `Log entries could not be written and are lost: ${this.#lost} or more.`;
    this.#lost = 0;
    this.write({ severity: "ERROR", source: "logging", message });
  }

  #export(entry: LogEntry): ExportedEntry {
    this.#services ??= this.#serviceResources();
    const project = this.#project;
    return toExported(entry, {
      insertId: `${this.#session}${(this.#count++).toString(36).padStart(6, "0")}`,
      receiveTimestamp: new Date().toISOString(),
      project,
      resource: this.#services.get(entry.source) ?? resourceOf(entry, project),
    });
  }

  #serviceResources(): ReadonlyMap<string, MonitoredResource> {
    const services = new Map<string, MonitoredResource>();
    for (const { id } of SERVICE_KINDS.flatMap((kind) => this.#resources.list(kind))) {
      const [, project = NO_PROJECT, , location = "", , name = ""] = id.split("/");
      const labels = { project_id: project, location, service_name: name, configuration_name: name };
      services.set(name, { type: "cloud_run_revision", labels });
      this.#project = project;
    }
    return services;
  }

  #file(source: string): { stream: WriteStream; bytes: number } {
    const open = this.#files.get(source);
    if (open && open.bytes < ROTATE_BYTES) return open;
    const path = join(this.#folder, `${source}.jsonl`);
    if (open) {
      open.stream.end();
      renameSync(path, `${path}.1`);
    }
    // Open from now on, so that even a burst can't fill a file that isn't there yet.
    const fd = openSync(path, "a");
    const stream = createWriteStream(path, { fd });
    stream.on("error", () => {
      this.#lose();
      if (this.#files.get(source)?.stream === stream) this.#files.delete(source);
    });
    const file = { stream, bytes: fstatSync(fd).size };
    this.#files.set(source, file);
    return file;
  }
}

/** Of a part of the cloud: what the entry is about, else the project. */
function resourceOf({ subscription }: LogEntry, project: string): MonitoredResource {
  const [, owner = project, , id] = (textOf(subscription) ?? "").split("/");
  if (id === undefined) return { type: "global", labels: { project_id: project } };
  return { type: "pubsub_subscription", labels: { project_id: owner, subscription_id: id } };
}

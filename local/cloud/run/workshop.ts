import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";
import type { Kernel, ObjectStorage } from "../parts.ts";
import { instanceEnvironment, type SecretAccess } from "./environment.ts";
import { Instance } from "./instance.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { killLeftovers } from "./leftovers.ts";
import { toLogEntry } from "./log-lines.ts";
import { findPort } from "./port.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { unpack } from "./unpack.ts";

/** Given to instances as JavaScript: that each strips its types itself would cost it 16 MB. */
const CONTAINER = new URL("container.cts", import.meta.url);

export interface WorkshopOptions {
  readonly startupDeadlineMs: number;
  readonly stopGraceMs: number;
}

/** Turns a revision's code into processes: the folders it is unpacked to, and what each process is given. */
export class Workshop {
  readonly #kernel: Kernel;
  readonly #storage: ObjectStorage;
  readonly #secrets: SecretAccess;
  readonly #options: WorkshopOptions;
  readonly #mark: string;
  readonly #root: string;
  readonly #unpacked = new Map<string, Promise<void>>();

  constructor(kernel: Kernel, storage: ObjectStorage, secrets: SecretAccess, options: WorkshopOptions) {
    this.#kernel = kernel;
    this.#storage = storage;
    this.#secrets = secrets;
    this.#options = options;
    // Of the state folder, so that a cloud finds what an earlier one on the same state left behind.
    this.#mark = `run-${createHash("sha256").update(kernel.stateDir).digest("hex").slice(0, 12)}`;
    this.#root = join(realpathSync(tmpdir()), `local-cloud-${this.#mark}`);
  }

  /** Ends and removes what a cloud that was killed left behind on the same state. */
  open(): void {
    killLeftovers(`${this.#mark}/`);
    rmSync(this.#root, { recursive: true, force: true });
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
    writeFileSync(this.#preload, transformSync(readFileSync(CONTAINER, "utf8"), { loader: "ts" }).code);
  }

  get #preload(): string {
    return join(this.#root, "container.cjs");
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** @throws {InstanceFailed} with the reason: no code, no secret, no answer. */
  async start(service: ServiceSettings, revision: string, signal: AbortSignal): Promise<Instance> {
    const { template } = service;
    const folder = join(this.#folder(service.id, revision), "code");
    const port = await findPort();
    const environment = await this.#prepare(service, revision, folder, port);
    return Instance.start({
      title: `${this.#mark}/${revision}`,
      preload: this.#preload,
      folder,
      args: template.container.args,
      environment: {
        ...environment,
        NODE_COMPILE_CACHE: join(this.#folder(service.id, revision), "compiled"),
      },
      port,
      probe: template.container.startupProbe,
      startupDeadlineMs: this.#options.startupDeadlineMs,
      memoryBytes: template.memoryBytes,
      stopGraceMs: this.#options.stopGraceMs,
      onLine: (line) => this.#kernel.logging.write(toLogEntry(line, service.name, revision)),
      signal,
    });
  }

  /** Removes a revision's code. After its instances are gone. */
  async clear(service: string, revision: string): Promise<void> {
    const folder = this.#folder(service, revision);
    this.#unpacked.delete(join(folder, "code"));
    await rm(folder, { recursive: true, force: true });
  }

  /** Services of two locations may have the same name, and so may their revisions. */
  #folder(service: string, revision: string): string {
    return join(this.#root, `${revision}-${createHash("sha256").update(service).digest("hex").slice(0, 8)}`);
  }

  async #prepare(service: ServiceSettings, revision: string, folder: string, port: number) {
    try {
      let unpacked = this.#unpacked.get(folder);
      if (!unpacked) {
        unpacked = this.#fetch(service, folder);
        this.#unpacked.set(folder, unpacked);
        unpacked.catch(() => this.#unpacked.delete(folder));
      }
      await unpacked;
      return await instanceEnvironment(this.#kernel, this.#secrets, service.template, {
        service,
        revision,
        port,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InstanceFailed(`could not be prepared: ${reason}`, [], { cause });
    }
  }

  async #fetch({ template }: ServiceSettings, folder: string): Promise<void> {
    const { bucket, object, generation } = template.container.sourceCode.cloudStorageSource;
    const stored = this.#storage.find(bucket, object, generation);
    if (!stored) {
      throw new Error(
        `there is no object gs://${bucket}/${object}${generation ? ` of generation ${generation}` : ""}`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    await unpack(this.#storage.read(stored), folder);
  }
}

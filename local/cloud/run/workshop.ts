import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Kernel, ObjectStorage } from "../parts.ts";
import type { EgressLedger } from "./egress.ts";
import { instanceEnvironment, type SecretAccess } from "./environment.ts";
import { Instance } from "./instance.ts";
import { InstanceFailed, InstancePortTaken } from "./instance-failed.ts";
import { killLeftovers } from "./leftovers.ts";
import { toLogEntry } from "./log-lines.ts";
import { originOf } from "./log-origin.ts";
import { destinationsOf, Preloads } from "./preload.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { unpack } from "./unpack.ts";

/** Ports tried for one instance. Each was free a moment before. */
const MAX_PORTS = 5;

export interface WorkshopOptions {
  readonly startupDeadlineMs: number;
  readonly stopGraceMs: number;
  /** A port of 127.0.0.1 that is free now. Nothing reserves it. */
  readonly findPort: () => Promise<number>;
}

/** Turns a revision's code into processes: the folders it is unpacked to, and what each process is given. */
export class Workshop {
  readonly #kernel: Kernel;
  readonly #storage: ObjectStorage;
  readonly #secrets: SecretAccess;
  readonly #egress: EgressLedger;
  readonly #options: WorkshopOptions;
  readonly #mark: string;
  readonly #root: string;
  readonly #preloads: Preloads;
  readonly #unpacked = new Map<string, Promise<void>>();

  constructor(
    kernel: Kernel,
    storage: ObjectStorage,
    secrets: SecretAccess,
    egress: EgressLedger,
    options: WorkshopOptions,
  ) {
    this.#kernel = kernel;
    this.#storage = storage;
    this.#secrets = secrets;
    this.#egress = egress;
    this.#options = options;
    // Of the state folder, so that a cloud finds what an earlier one on the same state left behind.
    this.#mark = `run-${createHash("sha256").update(kernel.stateDir).digest("hex").slice(0, 12)}`;
    this.#root = join(realpathSync(tmpdir()), `local-cloud-${this.#mark}`);
    this.#preloads = new Preloads(this.#root);
  }

  /** Ends and removes what a cloud that was killed left behind on the same state. */
  open(): void {
    killLeftovers(`${this.#mark}/`);
    rmSync(this.#root, { recursive: true, force: true });
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** @throws {InstanceFailed} with the reason: no code, no secret, no answer. */
  async start(service: ServiceSettings, revision: string, signal: AbortSignal): Promise<Instance> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#startOn(await this.#options.findPort(), service, revision, signal);
      } catch (error) {
        if (!(error instanceof InstancePortTaken) || attempt === MAX_PORTS) throw error;
      }
    }
  }

  async #startOn(
    port: number,
    service: ServiceSettings,
    revision: string,
    signal: AbortSignal,
  ): Promise<Instance> {
    const { container, memoryBytes, serviceAccount } = service.template;
    const { logging, identities, ports } = this.#kernel;
    const folder = join(this.#folder(service.id, revision), "code");
    const environment = await this.#prepare(service, revision, folder, port);
    const system = originOf(service, revision, "varlog/system");
    const outputs = {
      stdout: originOf(service, revision, "stdout"),
      stderr: originOf(service, revision, "stderr"),
    };
    return Instance.start({
      title: `${this.#mark}/${revision}`,
      preload: this.#preloads.path(destinationsOf(ports, await identities.endpoints(serviceAccount))),
      container: container.name ?? `${service.name}-1`,
      folder,
      args: container.args,
      environment: {
        ...environment,
        NODE_COMPILE_CACHE: join(this.#folder(service.id, revision), "compiled"),
      },
      port,
      probes: {
        startup: container.startupProbe,
        liveness: container.livenessProbe,
        readiness: container.readinessProbe,
      },
      startupDeadlineMs: this.#options.startupDeadlineMs,
      memoryBytes,
      stopGraceMs: this.#options.stopGraceMs,
      onLine: (line, stream) => logging.write(toLogEntry(line, outputs[stream])),
      onEvent: (severity, message) => logging.write({ severity, message, ...system }),
      onEgress: (connections) => this.#egress.add(connections, system),
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

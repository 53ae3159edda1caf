import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Kernel } from "../../kernel/contract.ts";
import type { ObjectStorage } from "../storage/contract.ts";
import type { EgressLedger } from "./egress.ts";
import { instanceEnvironment, type SecretAccess } from "./environment.ts";
import { buildFunction, FRAMEWORK_COMMAND } from "./function-build.ts";
import { Instance } from "./instance.ts";
import { InstanceFailed, InstancePortTaken } from "./instance-failed.ts";
import { killLeftovers } from "./leftovers.ts";
import { toLogEntry } from "./log-lines.ts";
import { originOf } from "./log-origin.ts";
import { destinationsOf, Preloads } from "./preload.ts";
import type { RevisionTemplate, ServiceSettings } from "./service-settings.ts";
import { unpack } from "./unpack.ts";

/** Ports tried for one instance. Each was free a moment before. */
const MAX_PORTS = 5;

export interface InstanceFactoryOptions {
  readonly startupDeadlineMs: number;
  readonly stopGraceMs: number;
  /** A port of 127.0.0.1 that is free now. Nothing reserves it. */
  readonly findPort: () => Promise<number>;
}

export type ServiceOfRevision = Pick<ServiceSettings, "id" | "project" | "location" | "name">;

/** What a revision's instances are made by. */
export interface Making {
  readonly name: string;
  readonly template: RevisionTemplate;
}

/** Turns a revision's code into processes: the folders it is unpacked to, and what each process is given. */
export class InstanceFactory {
  readonly #kernel: Kernel;
  readonly #storage: ObjectStorage;
  readonly #secrets: SecretAccess;
  readonly #egress: EgressLedger;
  readonly #options: InstanceFactoryOptions;
  readonly #mark: string;
  readonly #root: string;
  readonly #preloads: Preloads;
  readonly #unpacked = new Map<string, Promise<void>>();

  constructor(
    kernel: Kernel,
    storage: ObjectStorage,
    secrets: SecretAccess,
    egress: EgressLedger,
    options: InstanceFactoryOptions,
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
  async start(service: ServiceOfRevision, revision: Making, signal: AbortSignal): Promise<Instance> {
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
    service: ServiceOfRevision,
    revision: Making,
    signal: AbortSignal,
  ): Promise<Instance> {
    const { name, template } = revision;
    const { container, memoryBytes, serviceAccount } = template;
    const { logging, identities, ports } = this.#kernel;
    const folder = this.#folder(service.id, name);
    const environment = await this.#prepare(service, revision, port);
    const system = originOf(service, name, "varlog/system");
    const outputs = {
      stdout: originOf(service, name, "stdout"),
      stderr: originOf(service, name, "stderr"),
    };
    return Instance.start({
      title: `${this.#mark}/${name}`,
      preload: this.#preloads.path(destinationsOf(ports, await identities.endpoints(serviceAccount))),
      container: container.name ?? `${service.name}-1`,
      folder: join(folder, "code"),
      args: container.args,
      environment: { ...environment, NODE_COMPILE_CACHE: join(folder, "compiled") },
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

  /** Removes a revision's unpacked code. After its instances are gone. */
  clear(service: string, revision: string): void {
    const folder = this.#folder(service, revision);
    this.#unpacked.delete(folder);
    rmSync(folder, { recursive: true, force: true });
  }

  /** Removes what is kept of a service's revision, or of all of them. */
  forget(service: string, revision?: string): void {
    const path = revision === undefined ? this.#kept(service) : this.#archive(service, revision);
    rmSync(path, { recursive: true, force: true });
  }

  /** Services of two locations may have the same name, and so may their revisions. */
  #folder(service: string, revision: string): string {
    return join(this.#root, `${revision}-${digestOf(service)}`);
  }

  /** Of the archives that a service's revisions were made from: traffic may return to one whose object is gone. */
  #kept(service: string): string {
    return join(this.#kernel.stateDir, "cloud", "run", digestOf(service));
  }

  #archive(service: string, revision: string): string {
    return join(this.#kept(service), `${revision}.archive`);
  }

  async #prepare(service: ServiceOfRevision, revision: Making, port: number) {
    const folder = this.#folder(service.id, revision.name);
    try {
      let unpacked = this.#unpacked.get(folder);
      if (!unpacked) {
        unpacked = this.#unpack(service, revision);
        this.#unpacked.set(folder, unpacked);
        unpacked.catch(() => this.#unpacked.delete(folder));
      }
      await unpacked;
      const identity = { service, revision: revision.name, port };
      return await instanceEnvironment(this.#kernel, this.#secrets, revision.template, identity);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InstanceFailed(`could not be prepared: ${reason}`, [], { cause });
    }
  }

  async #unpack(service: ServiceOfRevision, { name, template }: Making): Promise<void> {
    const archive = this.#archive(service.id, name);
    if (!existsSync(archive)) await this.#fetch(template, archive);
    const folder = join(this.#folder(service.id, name), "code");
    rmSync(folder, { recursive: true, force: true });
    const isFunction = template.container.args[0] === FRAMEWORK_COMMAND;
    await (isFunction ? buildFunction : unpack)(createReadStream(archive), folder);
  }

  /** Whole or not at all: the cloud may be killed meanwhile. */
  async #fetch({ container }: RevisionTemplate, archive: string): Promise<void> {
    const { bucket, object, generation } = container.sourceCode.cloudStorageSource;
    const stored = this.#storage.find(bucket, object, generation);
    if (!stored) {
      throw new Error(
        `there is no object gs://${bucket}/${object}${generation ? ` of generation ${generation}` : ""}`,
      );
    }
    mkdirSync(dirname(archive), { recursive: true, mode: 0o700 });
    const draft = `${archive}.draft`;
    await pipeline(this.#storage.read(stored), createWriteStream(draft));
    renameSync(draft, archive);
  }
}

function digestOf(service: string): string {
  return createHash("sha256").update(service).digest("hex").slice(0, 8);
}

import type { CloudResource } from "../parts.ts";
import { RevisionFailed } from "../refusals.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import { type Lease, Revision } from "./revision.ts";
import type { RevisionNames } from "./revision-names.ts";
import { parseService, type ServiceSettings } from "./service-settings.ts";
import type { Workshop } from "./workshop.ts";

export interface ServiceOptions {
  readonly idleMs: number;
  readonly queueDeadlineMs: number;
}

export interface ServiceDeps {
  readonly workshop: Workshop;
  readonly names: RevisionNames;
  readonly options: ServiceOptions;
  readonly log: (severity: "INFO" | "ERROR", service: string, message: string) => void;
}

interface Deployed {
  readonly revision: Revision;
  readonly settings: ServiceSettings;
}

/**
 * One service: the revision that has the traffic, and the rollout of the next. A new revision
 * gets the traffic once it has started an instance; until then, and if it never does, the old
 * one serves.
 */
export class DeployedService {
  readonly id: string;
  readonly #deps: ServiceDeps;
  readonly #retiring = new Map<Revision, Promise<void>>();
  #settings: ServiceSettings | undefined;
  #current: Deployed | undefined;
  #candidate: Revision | undefined;
  #rollout: Promise<void> = Promise.resolve();
  #isRemoved = false;

  constructor(id: string, deps: ServiceDeps) {
    this.id = id;
    this.#deps = deps;
  }

  /** The newest configuration that could be read: what ingress and invokers are judged by. */
  get settings(): ServiceSettings | undefined {
    return this.#settings;
  }

  get pids(): readonly number[] {
    return this.#current?.revision.pids ?? [];
  }

  /** Takes over a new configuration. Its outcome is what `ready` tells. */
  update(resource: CloudResource): void {
    this.#candidate?.retire(0).catch(() => undefined);
    this.#rollout = this.#rollout.catch(() => undefined).then(() => this.#roll(resource));
    // Without anyone in `ready`, the log has it.
    this.#rollout.catch((error: Error) => this.#deps.log("ERROR", this.#shortName, error.message));
  }

  /** @throws {RevisionFailed} if the newest revision did not come up. */
  ready(): Promise<void> {
    return this.#rollout;
  }

  /** @throws {NoInstance} {InstanceFailed} as the revision does. */
  async acquire(signal: AbortSignal): Promise<Lease> {
    for (;;) {
      const current = this.#current ?? (await this.#firstRollout());
      try {
        return await current.revision.acquire(signal);
      } catch (error) {
        // The revision was replaced while the request waited: the new one has room.
        if (error instanceof NoInstance && this.#current && this.#current !== current) continue;
        throw error;
      }
    }
  }

  /** Stops everything: requests in flight have what the instances' own shutdown gives them. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    const revisions = [this.#candidate, this.#current?.revision, ...this.#retiring.keys()];
    await Promise.all(revisions.map((revision) => revision?.retire(0)));
    await this.#rollout.catch(() => undefined);
    await Promise.all(this.#retiring.values());
    if (this.#current) await this.#deps.workshop.clear(this.id, this.#current.revision.name);
  }

  async #roll(resource: CloudResource): Promise<void> {
    if (this.#isRemoved) return;
    const settings = this.#parse(resource);
    this.#settings = settings;
    if (this.#current?.settings.template.digest === settings.template.digest) return;

    const { name, wasReady } = this.#deps.names.nameOf(this.id, settings.template.digest);
    const revision = this.#revision(name, settings);
    // After a restart of the cloud: it proved itself before, and scales from zero.
    if (!(wasReady && this.#current === undefined)) await this.#prove(revision, settings);
    const old = this.#current;
    this.#current = { revision, settings };
    this.#deps.names.markReady(this.id, settings.template.digest);
    revision.keepWarm();
    if (old) this.#retire(old);
  }

  async #prove(revision: Revision, { template }: ServiceSettings): Promise<void> {
    this.#candidate = revision;
    try {
      await revision.warm(Math.max(1, template.minInstances));
    } catch (error) {
      await revision.retire(0);
      await this.#deps.workshop.clear(this.id, revision.name);
      if (!(error instanceof InstanceFailed)) throw error;
      throw new RevisionFailed(revision.name, `failed: its instance ${error.message}`, error.lastLines);
    } finally {
      this.#candidate = undefined;
    }
    this.#deps.log("INFO", this.#shortName, `Revision "${revision.name}" is ready.`);
  }

  #parse(resource: CloudResource): ServiceSettings {
    try {
      return parseService(resource);
    } catch (cause) {
      throw new RevisionFailed(
        this.#shortName,
        `cannot be made: ${(cause as Error).message.replace(/\.$/, "")}`,
        [],
      );
    }
  }

  #revision(name: string, settings: ServiceSettings): Revision {
    const { workshop, options, log } = this.#deps;
    const { concurrency, minInstances, maxInstances } = settings.template;
    return new Revision({
      name,
      concurrency,
      minInstances,
      maxInstances,
      ...options,
      start: (signal) => workshop.start(settings, name, signal),
      onFailure: (message) => log("ERROR", settings.name, message),
    });
  }

  #retire({ revision, settings }: Deployed): void {
    const retiring = revision
      .retire(settings.template.timeoutMs)
      .then(() => this.#deps.workshop.clear(this.id, revision.name))
      .catch((error: Error) => this.#deps.log("ERROR", settings.name, error.message))
      .finally(() => this.#retiring.delete(revision));
    this.#retiring.set(revision, retiring);
  }

  /** A request that came before the first revision was ready waits for it. */
  async #firstRollout(): Promise<Deployed> {
    await this.#rollout.catch(() => undefined);
    if (!this.#current) throw new InstanceFailed("has no revision that is ready", []);
    return this.#current;
  }

  get #shortName(): string {
    return this.id.slice(this.id.lastIndexOf("/") + 1);
  }
}

import type { CloudResource } from "../parts.ts";
import { RevisionFailed } from "../refusals.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import { type Lease, Revision } from "./revision.ts";
import type { RevisionHistory } from "./revision-history.ts";
import {
  parseService,
  parseTemplate,
  type RevisionTemplate,
  type ServiceSettings,
} from "./service-settings.ts";
import { Routes } from "./traffic.ts";
import type { Workshop } from "./workshop.ts";

export interface ServiceOptions {
  readonly idleMs: number;
  readonly queueDeadlineMs: number;
  /** From 0 to 1, 1 excluded: decides which revision a request goes to. */
  readonly random: () => number;
}

export interface ServiceDeps {
  readonly workshop: Workshop;
  readonly history: RevisionHistory;
  readonly options: ServiceOptions;
  readonly log: (severity: "INFO" | "ERROR", service: string, message: string) => void;
}

interface Deployed {
  readonly revision: Revision;
  readonly template: RevisionTemplate;
}

/**
 * One service: its revisions that have traffic, and the rollout of the next. A new revision is
 * the newest once it has started an instance; until then, and if it never does, traffic stays as
 * it is.
 */
export class DeployedService {
  readonly id: string;
  readonly #deps: ServiceDeps;
  /** By name: what traffic or the next rollout may need. */
  readonly #deployed = new Map<string, Deployed>();
  readonly #retiring = new Set<Promise<void>>();
  #settings: ServiceSettings | undefined;
  #newest: Deployed | undefined;
  #routes: Routes<Deployed> | undefined;
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

  /** The newest revision that was ready, by name. */
  get newest(): string | undefined {
    return this.#newest?.revision.name;
  }

  get pids(): readonly number[] {
    return [...this.#deployed.values()].flatMap(({ revision }) => revision.pids);
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

  /**
   * @param tag of a target of its own; by default the shares decide.
   * @throws {NoInstance} {InstanceFailed} as the revision does.
   */
  async acquire(signal: AbortSignal, tag?: string): Promise<Lease> {
    // A request that came before the first revision was ready waits for it.
    if (!this.#routes) await this.#rollout.catch(() => undefined);
    for (;;) {
      const routes = this.#routes;
      const target = tag === undefined ? routes?.choose(this.#deps.options.random()) : routes?.tagged(tag);
      if (!target) throw new InstanceFailed("has no revision that is ready", []);
      try {
        return await target.revision.acquire(signal);
      } catch (error) {
        // Traffic was taken from the revision while the request waited: where it went there is room.
        if (error instanceof NoInstance && target.revision.isRetired && this.#routes !== routes) continue;
        throw error;
      }
    }
  }

  /** Stops everything: requests in flight have what the instances' own shutdown gives them. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    const revisions = [...this.#deployed.values()].map(({ revision }) => revision);
    await Promise.all([this.#candidate, ...revisions].map((revision) => revision?.retire(0)));
    await this.#rollout.catch(() => undefined);
    await Promise.all(this.#retiring);
    for (const name of this.#deployed.keys()) this.#deps.workshop.clear(this.id, name);
  }

  async #roll(resource: CloudResource): Promise<void> {
    if (this.#isRemoved) return;
    const settings = this.#parse(resource);
    this.#settings = settings;
    if (!this.#newest) this.#resume(settings);
    const name = this.#nameOf(settings);
    if (this.#newest?.revision.name !== name) {
      const candidate = this.#deploy(name, settings.template);
      await this.#prove(candidate, settings);
      this.#deps.history.keep(this.id, { name, template: resource.properties.template });
      this.#newest = candidate;
    }
    this.#route(settings);
  }

  /** After a restart of the cloud: what was ready serves, from zero, before anything new is tried. */
  #resume(settings: ServiceSettings): void {
    const kept = this.#deps.history.find(this.id);
    if (!kept) return;
    try {
      this.#newest = this.#deploy(kept.name, parseTemplate(kept.template, this.id));
      this.#route(settings);
    } catch (error) {
      this.#deps.log(
        "ERROR",
        this.#shortName,
        `Revision "${kept.name}" cannot go on: ${(error as Error).message}`,
      );
    }
  }

  async #prove({ revision }: Deployed, { template, traffic }: ServiceSettings): Promise<void> {
    this.#candidate = revision;
    const hasTraffic = traffic.some(({ revision: name = revision.name }) => name === revision.name);
    try {
      await revision.warm(hasTraffic ? Math.max(1, template.minInstances) : 1);
    } catch (error) {
      this.#deployed.delete(revision.name);
      await revision.retire(0);
      this.#deps.workshop.clear(this.id, revision.name);
      this.#deps.workshop.forget(this.id, revision.name);
      if (!(error instanceof InstanceFailed)) throw error;
      throw new RevisionFailed(revision.name, `failed: its instance ${error.message}`, error.lastLines);
    } finally {
      this.#candidate = undefined;
    }
    this.#deps.log("INFO", this.#shortName, `Revision "${revision.name}" is ready.`);
  }

  /** Sends traffic where the settings say, and retires what gets none any more. */
  #route(settings: ServiceSettings): void {
    const shares = settings.traffic.map(({ revision, ...share }) => ({
      ...share,
      target: revision === undefined ? this.#newest : this.#named(revision),
    }));
    const routes = new Routes(
      shares.flatMap(({ target, ...share }) => (target ? [{ ...share, target }] : [])),
    );
    this.#routes = routes;
    for (const [name, deployed] of this.#deployed) {
      const { revision, template } = deployed;
      const hasTraffic = routes.targets.has(deployed);
      revision.setMinimum(hasTraffic ? template.minInstances : 0);
      if (hasTraffic || deployed === this.#newest) continue;
      this.#deployed.delete(name);
      this.#retire(deployed);
    }
    const dropped = this.#deps.history.prune(this.id, new Set(this.#deployed.keys()));
    for (const name of dropped) this.#deps.workshop.forget(this.id, name);
  }

  /** @throws {RevisionFailed} if there is none of that name that was ready once. */
  #named(name: string): Deployed {
    const deployed = this.#deployed.get(name);
    if (deployed) return deployed;
    const kept = this.#deps.history.find(this.id, name);
    if (!kept) {
      throw new RevisionFailed(
        name,
        "cannot have traffic: there is no such revision that was ready once",
        [],
      );
    }
    return this.#deploy(name, parseTemplate(kept.template, this.id));
  }

  #parse(resource: CloudResource): ServiceSettings {
    return this.#orFail(() => parseService(resource));
  }

  #nameOf({ template }: ServiceSettings): string {
    return this.#orFail(() => this.#deps.history.nameOf(this.id, template));
  }

  #orFail<Value>(make: () => Value): Value {
    try {
      return make();
    } catch (cause) {
      const reason = (cause as Error).message.replace(/\.$/, "");
      throw new RevisionFailed(this.#shortName, `cannot be made: ${reason}`, []);
    }
  }

  #deploy(name: string, template: RevisionTemplate): Deployed {
    const { workshop, options, log } = this.#deps;
    const settings = this.#settings;
    if (!settings) throw new Error("A service is read before it is deployed.");
    const { concurrency, maxInstances } = template;
    const revision = new Revision({
      name,
      concurrency,
      maxInstances,
      ...options,
      start: (signal) => workshop.start(settings, { name, template }, signal),
      onFailure: (message) => log("ERROR", settings.name, message),
    });
    const deployed = { revision, template };
    this.#deployed.set(name, deployed);
    return deployed;
  }

  #retire({ revision, template }: Deployed): void {
    const retiring = revision
      .retire(template.timeoutMs)
      .then(() => {
        if (!this.#deployed.has(revision.name)) this.#deps.workshop.clear(this.id, revision.name);
      })
      .catch((error: Error) => this.#deps.log("ERROR", this.#shortName, error.message))
      .finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  get #shortName(): string {
    return this.id.slice(this.id.lastIndexOf("/") + 1);
  }
}

import type { CloudResource } from "../../kernel/contract.ts";
import { RevisionFailed } from "../../kernel/refusals.ts";
import { type Deployed, DeployedRevisions, type ServiceDeps } from "./deployed-revisions.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import { parseService, partsOf, type ServiceSettings } from "./service-settings.ts";
import { Routes } from "./traffic.ts";
import type { Lease } from "./waiting-line.ts";

/**
 * One service: where its traffic goes, and the rollout of the next revision. A new one is the
 * newest once it has started an instance; until then, and if it never does, traffic stays as it
 * is.
 */
export class DeployedService {
  readonly id: string;
  readonly #name: string;
  readonly #deps: ServiceDeps;
  readonly #revisions: DeployedRevisions;
  #settings: ServiceSettings | undefined;
  #newest: Deployed | undefined;
  #routes: Routes<Deployed> | undefined;
  #candidate: Deployed | undefined;
  #rollout: Promise<void> = Promise.resolve();
  #isRemoved = false;

  constructor(id: string, deps: ServiceDeps) {
    const service = partsOf(id);
    this.id = id;
    this.#name = service.name;
    this.#deps = deps;
    this.#revisions = new DeployedRevisions(service, deps);
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
    return this.#revisions.pids;
  }

  /** Takes over a new configuration. Its outcome is what `ready` tells. */
  update(resource: CloudResource): void {
    this.#candidate?.revision.retire(0).catch(() => undefined);
    this.#rollout = this.#rollout.catch(() => undefined).then(() => this.#roll(resource));
    // Without anyone in `ready`, the log has it.
    this.#rollout.catch((error: Error) => this.#deps.log("ERROR", this.#name, error.message));
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
    await this.#revisions.remove();
    await this.#rollout.catch(() => undefined);
  }

  async #roll(resource: CloudResource): Promise<void> {
    if (this.#isRemoved) return;
    const settings = this.#orFail(() => parseService(resource));
    this.#settings = settings;
    if (!this.#newest) this.#resume(settings);
    const name = this.#orFail(() => this.#deps.history.nameOf(this.id, settings.template));
    if (this.newest !== name) {
      const candidate = this.#revisions.deploy(name, settings.template);
      await this.#prove(candidate, settings);
      this.#deps.history.keep(this.id, { name, template: resource.properties.template });
      this.#newest = candidate;
    }
    this.#route(settings);
  }

  /** After a restart of the cloud: what was ready serves, from zero, before anything new is tried. */
  #resume(settings: ServiceSettings): void {
    try {
      this.#newest = this.#revisions.resume();
      if (this.#newest) this.#route(settings);
    } catch (error) {
      const reason = (error as Error).message;
      this.#deps.log("ERROR", this.#name, `The revisions of before cannot go on: ${reason}`);
    }
  }

  async #prove(candidate: Deployed, { template, traffic }: ServiceSettings): Promise<void> {
    const { revision } = candidate;
    this.#candidate = candidate;
    const hasTraffic = traffic.some(({ revision: name = revision.name }) => name === revision.name);
    try {
      await revision.warm(hasTraffic ? Math.max(1, template.minInstances) : 1);
    } catch (error) {
      await this.#revisions.discard(candidate);
      if (!(error instanceof InstanceFailed)) throw error;
      throw new RevisionFailed(revision.name, `failed: its instance ${error.message}`, error.lastLines);
    } finally {
      this.#candidate = undefined;
    }
    this.#deps.log("INFO", this.#name, `Revision "${revision.name}" is ready.`);
  }

  /** Sends traffic where the settings say. */
  #route({ traffic }: ServiceSettings): void {
    const shares = traffic.map(({ revision, ...share }) => ({
      ...share,
      target: revision === undefined ? this.#newest : this.#revisions.named(revision),
    }));
    const routes = new Routes(
      shares.flatMap(({ target, ...share }) => (target ? [{ ...share, target }] : [])),
    );
    this.#routes = routes;
    this.#revisions.serve(routes.targets, this.#newest);
  }

  #orFail<Value>(make: () => Value): Value {
    try {
      return make();
    } catch (cause) {
      const reason = (cause as Error).message.replace(/\.$/, "");
      throw new RevisionFailed(this.#name, `cannot be made: ${reason}`, []);
    }
  }
}

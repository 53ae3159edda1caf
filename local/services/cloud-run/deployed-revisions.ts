import { RevisionFailed } from "../../kernel/refusals.ts";
import type { InstanceFactory, ServiceOfRevision } from "./instance-factory.ts";
import { Revision } from "./revision.ts";
import type { RevisionHistory } from "./revision-history.ts";
import { parseTemplate, type RevisionTemplate } from "./service-settings.ts";

export interface ServiceOptions {
  readonly idleMs: number;
  readonly queueDeadlineMs: number;
  /** From 0 to 1, 1 excluded: decides which revision a request goes to. */
  readonly random: () => number;
}

export interface ServiceDeps {
  readonly instances: InstanceFactory;
  readonly history: RevisionHistory;
  readonly options: ServiceOptions;
  readonly log: (severity: "INFO" | "ERROR", service: string, message: string) => void;
}

export interface Deployed {
  readonly revision: Revision;
  readonly template: RevisionTemplate;
}

/** A service's revisions that have instances or may start some. */
export class DeployedRevisions {
  readonly #service: ServiceOfRevision;
  readonly #deps: ServiceDeps;
  readonly #byName = new Map<string, Deployed>();
  readonly #retiring = new Set<Promise<void>>();

  constructor(service: ServiceOfRevision, deps: ServiceDeps) {
    this.#service = service;
    this.#deps = deps;
  }

  get pids(): readonly number[] {
    return [...this.#byName.values()].flatMap(({ revision }) => revision.pids);
  }

  deploy(name: string, template: RevisionTemplate): Deployed {
    const { instances, options, log } = this.#deps;
    const { concurrency, maxInstances } = template;
    const revision = new Revision({
      name,
      concurrency,
      maxInstances,
      ...options,
      start: (signal) => instances.start(this.#service, { name, template }, signal),
      onFailure: (message) => log("ERROR", this.#service.name, message),
    });
    const deployed = { revision, template };
    this.#byName.set(name, deployed);
    return deployed;
  }

  /** The newest that was ready once, if there is one. */
  resume(): Deployed | undefined {
    const kept = this.#deps.history.find(this.#service.id);
    return kept && this.deploy(kept.name, parseTemplate(kept.template, this.#service.id));
  }

  /** @throws {RevisionFailed} if there is none of that name that was ready once. */
  named(name: string): Deployed {
    const deployed = this.#byName.get(name);
    if (deployed) return deployed;
    const kept = this.#deps.history.find(this.#service.id, name);
    if (!kept) {
      throw new RevisionFailed(
        name,
        "cannot have traffic: there is no such revision that was ready once",
        [],
      );
    }
    return this.deploy(name, parseTemplate(kept.template, this.#service.id));
  }

  /** Forgets one that never came up. */
  async discard({ revision }: Deployed): Promise<void> {
    const { id } = this.#service;
    this.#byName.delete(revision.name);
    await revision.retire(0);
    this.#deps.instances.clear(id, revision.name);
    this.#deps.instances.forget(id, revision.name);
  }

  /** Keeps those with traffic warm, and retires the others but for the newest, which costs nothing at rest. */
  serve(withTraffic: ReadonlySet<Deployed>, newest: Deployed | undefined): void {
    const { history, instances } = this.#deps;
    for (const [name, deployed] of this.#byName) {
      const hasTraffic = withTraffic.has(deployed);
      deployed.revision.setMinimum(hasTraffic ? deployed.template.minInstances : 0);
      if (hasTraffic || deployed === newest) continue;
      this.#byName.delete(name);
      this.#retire(deployed);
    }
    const dropped = history.prune(this.#service.id, new Set(this.#byName.keys()));
    for (const name of dropped) instances.forget(this.#service.id, name);
  }

  /** Stops all: requests in flight have what the instances' own shutdown gives them. */
  async remove(): Promise<void> {
    await Promise.all([...this.#byName.values()].map(({ revision }) => revision.retire(0)));
    await Promise.all(this.#retiring);
    for (const name of this.#byName.keys()) this.#deps.instances.clear(this.#service.id, name);
  }

  #retire({ revision, template }: Deployed): void {
    const retiring = revision
      .retire(template.timeoutMs)
      .then(() => {
        // Unless it got its traffic back meanwhile.
        if (!this.#byName.has(revision.name)) this.#deps.instances.clear(this.#service.id, revision.name);
      })
      .catch((error: Error) => this.#deps.log("ERROR", this.#service.name, error.message))
      .finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }
}

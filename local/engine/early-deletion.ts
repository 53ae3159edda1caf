import { isProvidersToDelete, sendDelete } from "./deletion.ts";
import { EngineRefusal, interrupted } from "./engine-refusal.ts";
import { deletionOrder } from "./graph.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { parseReference, referenceOf } from "./provider-references.ts";
import { nameOf, type ResourceRecord } from "./records.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import { type Properties, UNKNOWN } from "./values.ts";

/**
 * Deletes resources before their replacements are made, and with each those that depend on it and would have to
 * be replaced as well, for they cannot outlive it. What is deleted stays on record until it is made again, unless it
 * was replaced before.
 */
export class EarlyDeletion {
  readonly #context: UpdateContext;
  /** URNs that the program asked for: they no longer depend on what was not replaced by then. */
  readonly #claimed: ReadonlySet<string>;
  /** By URN, and what was replaced before by its reference. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(context: UpdateContext, claimed: ReadonlySet<string>) {
    this.#context = context;
    this.#claimed = claimed;
  }

  /** Resolves when the resource is not being deleted, or no more. */
  async settled(urn: string): Promise<void> {
    await this.#underWay.get(urn)?.catch(() => undefined);
  }

  /** @throws {EngineRefusal | ProviderFailure} when one of them cannot be deleted; those before it are then gone. */
  async delete(root: ResourceRecord): Promise<void> {
    const { state, signal, deleted } = this.#context;
    const superseded: ReadonlySet<ResourceRecord> = new Set(state.superseded);
    const dependents = await this.#dependents(root, superseded);
    const guarded = dependents.find(({ protect }) => protect);
    if (guarded !== undefined) {
      throw new EngineRefusal(
        `replacing it replaces "${nameOf(guarded.urn)}" (${guarded.type}) too, which is protected; take the option protect off first.`,
      );
    }
    for (const dependent of await inDeletionOrder(dependents)) {
      if (signal.aborted) throw interrupted();
      if (superseded.has(dependent)) {
        await this.#once(referenceOf(dependent), () => this.#delete(dependent, false));
      } else if (!this.#claimed.has(dependent.urn)) {
        await this.#once(dependent.urn, () => this.#delete(dependent, true));
        deleted.add(dependent.urn);
      }
    }
    await this.#once(root.urn, () => this.#delete(root, true));
  }

  #once(key: string, act: () => Promise<void>): Promise<void> {
    let deletion = this.#underWay.get(key);
    if (deletion === undefined) {
      deletion = act();
      this.#underWay.set(key, deletion);
    }
    return deletion;
  }

  async #delete(resource: ResourceRecord, pendingReplacement: boolean): Promise<void> {
    const { state, reporter, preview } = this.#context;
    const step = stepOf("delete-replaced", { old: resource });
    const startedAt = reporter.started(step);
    try {
      if (isProvidersToDelete(this.#context, resource)) {
        await sendDelete(this.#context, resource, { pendingReplacement });
      } else if (pendingReplacement) {
        state.amend(resource, { ...resource, pendingReplacement });
      } else {
        state.remove(resource);
      }
      if (!preview) await state.save();
      reporter.done(step, startedAt);
    } catch (error) {
      if (error instanceof ProviderFailure) reporter.stepFailed(step, error.message);
      throw error;
    }
  }

  /**
   * What has to be replaced with the resource, and what of the superseded cannot outlive it: those whose provider is
   * replaced, and those whose own provider says so when the inputs that come from replaced resources are unknown.
   */
  async #dependents(
    root: ResourceRecord,
    superseded: ReadonlySet<ResourceRecord>,
  ): Promise<readonly ResourceRecord[]> {
    const replaced = new Set([root.urn]);
    const dependents: ResourceRecord[] = [];
    // The superseded last: a current resource does not go because what it has replaced does.
    for (const resource of [...this.#context.state.resources, ...superseded]) {
      const isKept = !superseded.has(resource) && this.#claimed.has(resource.urn);
      if (isKept || !(await this.#mustGo(resource, replaced))) continue;
      replaced.add(resource.urn);
      if (!resource.pendingReplacement) dependents.push(resource);
    }
    return dependents;
  }

  async #mustGo(resource: ResourceRecord, replaced: ReadonlySet<string>): Promise<boolean> {
    const { custom, external, provider: reference, propertyDependencies } = resource;
    if (!custom || external) return false;
    if (reference !== "" && replaced.has(parseReference(reference).urn)) return true;
    const uncertain = Object.entries(resource.inputs).filter(([name]) =>
      propertyDependencies[name]?.some((urn) => replaced.has(urn)),
    );
    if (uncertain.length === 0) return false;
    const inputs: Properties = {
      ...resource.inputs,
      ...Object.fromEntries(uncertain.map(([name]) => [name, UNKNOWN])),
    };
    const provider = await this.#context.providers.for(resource);
    const answer = await provider.diff(resource, resource.id, resource, inputs, []);
    return answer.replaces.length > 0;
  }
}

async function inDeletionOrder(resources: readonly ResourceRecord[]): Promise<readonly ResourceRecord[]> {
  const ordered: ResourceRecord[] = [];
  await deletionOrder(resources, async (resource) => {
    ordered.push(resource);
    return true;
  });
  return ordered;
}

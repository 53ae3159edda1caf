import { withProgramAssets } from "./assets.ts";
import type { EarlyDeletion } from "./early-deletion.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import type { Step } from "./events.ts";
import type { DiffAnswer } from "./provider-answers.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { settledRecord } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
import type { ResourceProvider } from "./resource-provider.ts";
import { markSecrets } from "./secrecy.ts";
import { changeStepOf, stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import type { Properties } from "./values.ts";

/** What the program learns of its resource. In a preview, an empty id and missing outputs are unknown. */
export interface Registered {
  readonly id: string;
  readonly outputs: Properties;
}

export interface ResourceChange {
  readonly registration: Registration;
  readonly provider: ResourceProvider;
  /** The resource as it will be recorded, with checked inputs. */
  readonly next: ResourceRecord;
}

/** What the making of a resource does to the record that has its place. */
interface Predecessor {
  readonly old: ResourceRecord;
  /** It exists, and is deleted at the end of the update. */
  readonly superseded: boolean;
}

/**
 * Brings one resource to what the program wants. The intent is on the disk before a
 * provider is asked to change anything, and the outcome before the program hears of it,
 * so that whoever dies in between can repeat the call: providers take a repeated Create
 * under one URN, or a repeated Update, for the same act.
 */
export class ResourceChanges {
  readonly #context: UpdateContext;
  readonly #earlyDeletion: EarlyDeletion;

  constructor(context: UpdateContext, earlyDeletion: EarlyDeletion) {
    this.#context = context;
    this.#earlyDeletion = earlyDeletion;
  }

  same({ registration, next }: ResourceChange, old: ResourceRecord): Registered {
    const { state, reporter } = this.#context;
    const outputs = markSecrets(old.outputs, next.inputs, registration.additionalSecretOutputs);
    const kept = settledRecord(next, old.id, outputs);
    state.put(kept, old.urn);
    const step = stepOf("same", { old, next: kept });
    reporter.done(step, reporter.started(step));
    return { id: kept.id, outputs: withProgramAssets(outputs, registration.inputs) };
  }

  /** Makes what is not there. A record of something that others own, which the program read before, makes room. */
  create(change: ResourceChange, external?: ResourceRecord): Promise<Registered> {
    const step = stepOf("create", { next: change.next });
    return this.#make(change, step, external && { old: external, superseded: false });
  }

  /** Makes again what was deleted to be replaced: in this update, with what it needs, or in one that failed since. */
  recreate(change: ResourceChange, old: ResourceRecord): Promise<Registered> {
    this.#context.deleted.delete(old.urn);
    const made = { ...change.next, id: "", outputs: {} };
    const step = stepOf("replace", { old, next: made });
    return this.#make({ ...change, next: made }, step, { old, superseded: false });
  }

  /** Makes the new resource beside the old one, which is deleted at the end of the update, or after it if it must go first. */
  async replace(change: ResourceChange, old: ResourceRecord, answer: DiffAnswer): Promise<Registered> {
    const { registration, next } = change;
    if (old.protect && registration.protect) {
      throw new EngineRefusal(
        `changing ${answer.replaces.join(", ")} replaces it, and it is protected; take the option protect off first.`,
      );
    }
    const made = { ...next, id: "", outputs: {} };
    const step = changeStepOf("replace", old, made, answer);
    const deletedFirst = registration.deleteBeforeReplace ?? answer.deleteBeforeReplace;
    if (!deletedFirst) return this.#make({ ...change, next: made }, step, { old, superseded: true });
    await this.#earlyDeletion.delete(old);
    return this.#make({ ...change, next: made }, step, { old, superseded: false });
  }

  async #make(
    { registration, provider, next }: ResourceChange,
    step: Step,
    predecessor?: Predecessor,
  ): Promise<Registered> {
    const { state, reporter, preview } = this.#context;
    const { old, superseded = false } = predecessor ?? {};
    const { additionalSecretOutputs, timeouts } = registration;
    const startedAt = reporter.started(step);
    await this.#recordIntent("create", next, old);
    const put = (id: string, outputs: Properties, unsettled: boolean): ResourceRecord => {
      if (superseded && old !== undefined) state.supersede(old.urn, next.urn);
      const marked = markSecrets(outputs, next.inputs, additionalSecretOutputs);
      const settled = { ...settledRecord(next, id, marked), unsettled };
      state.put(settled, old?.urn);
      return settled;
    };
    try {
      const made =
        preview && !provider.supportsPreview
          ? { id: "", outputs: {} }
          : await provider.create(registration, next.inputs, { preview, timeoutSeconds: timeouts.create });
      if (!preview && superseded && made.id === old?.id) {
        throw new ProviderFailure(`the replacement has the id of what it replaces, ${made.id}`, {
          uncertain: false,
        });
      }
      const settled = put(preview ? "" : made.id, made.outputs, false);
      return await this.#finish(registration, step, startedAt, settled);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (error.partial !== undefined) put(error.partial.id, error.partial.outputs, true);
      else if (!error.uncertain) state.removePending(next.urn);
      if (!preview) await state.save();
      reporter.stepFailed(step, error.message);
      throw error;
    }
  }

  async update(
    { registration, provider, next }: ResourceChange,
    old: ResourceRecord,
    answer: DiffAnswer,
  ): Promise<Registered> {
    const { state, reporter, preview } = this.#context;
    const { additionalSecretOutputs, ignoreChanges, timeouts } = registration;
    const step = changeStepOf("update", old, next, answer);
    const startedAt = reporter.started(step);
    await this.#recordIntent("update", next, old);
    const settle = (outputs: Properties): ResourceRecord =>
      settledRecord(next, old.id, markSecrets(outputs, next.inputs, additionalSecretOutputs));
    try {
      const outputs =
        preview && !provider.supportsPreview
          ? unchangedOutputs(old, step)
          : await provider.update(registration, old.id, old, next.inputs, {
              preview,
              timeoutSeconds: timeouts.update,
              ignoreChanges,
            });
      const settled = settle(outputs);
      state.put(settled, old.urn);
      return await this.#finish(registration, step, startedAt, settled);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (!error.uncertain) {
        state.removePending(next.urn);
        // Refused or half done, nobody knows: the next update asks the provider again, whatever its inputs are then.
        if (error.partial === undefined) state.amend(old, { ...old, unsettled: true });
        else state.put({ ...settle(error.partial.outputs), unsettled: true }, old.urn);
      }
      if (!preview) await state.save();
      reporter.stepFailed(step, error.message);
      throw error;
    }
  }

  async #recordIntent(
    op: "create" | "update",
    resource: ResourceRecord,
    old: ResourceRecord | undefined,
  ): Promise<void> {
    const { state, preview } = this.#context;
    if (preview) return;
    state.putPending({ op, resource, formerUrn: old?.urn ?? resource.urn });
    await state.save();
  }

  async #finish(
    registration: Registration,
    step: Step,
    startedAt: number,
    settled: ResourceRecord,
  ): Promise<Registered> {
    const { state, reporter, preview } = this.#context;
    if (!preview) await state.save();
    const { newState } = stepOf(step.op, { next: settled });
    reporter.done({ ...step, ...(newState && { newState }) }, startedAt);
    return { id: settled.id, outputs: withProgramAssets(settled.outputs, registration.inputs) };
  }
}

/** What a preview can tell of an update that its provider cannot preview: outputs that bear a changed input's name are unknown. */
function unchangedOutputs(old: ResourceRecord, step: Step): Properties {
  const changed = new Set((step.diff ?? []).map(({ path }) => /^[^.[]*/.exec(path)?.[0]));
  return Object.fromEntries(Object.entries(old.outputs).filter(([name]) => !changed.has(name)));
}

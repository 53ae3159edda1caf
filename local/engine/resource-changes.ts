import { withProgramAssets } from "./assets.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import type { Step } from "./events.ts";
import type { DiffAnswer } from "./provider-answers.ts";
import type { ProviderClient } from "./provider-client.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { settledRecord } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
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
  readonly provider: ProviderClient;
  /** The resource as it will be recorded, with checked inputs. */
  readonly next: ResourceRecord;
}

/**
 * Brings one resource to what the program wants. The intent is on the disk before a
 * provider is asked to change anything, and the outcome before the program hears of it,
 * so that whoever dies in between can repeat the call: providers take a repeated Create
 * under one URN, or a repeated Update, for the same act.
 */
export class ResourceChanges {
  readonly #context: UpdateContext;

  constructor(context: UpdateContext) {
    this.#context = context;
  }

  same({ registration, next }: ResourceChange, old: ResourceRecord): Registered {
    const { state, reporter } = this.#context;
    const outputs = markSecrets(old.outputs, next.inputs, registration.additionalSecretOutputs);
    const kept = settledRecord(next, old.id, outputs);
    state.put(kept);
    const step = stepOf("same", { old, next: kept });
    reporter.done(step, reporter.started(step));
    return { id: kept.id, outputs: withProgramAssets(outputs, registration.inputs) };
  }

  create(change: ResourceChange): Promise<Registered> {
    return this.#make(change, stepOf("create", { next: change.next }));
  }

  /** Makes the new resource beside the old one, which is deleted at the end of the update. */
  async replace(change: ResourceChange, old: ResourceRecord, answer: DiffAnswer): Promise<Registered> {
    const { registration, next } = change;
    const why = `changing ${answer.replaces.join(", ")} replaces it`;
    if (old.protect) {
      throw new EngineRefusal(`${why}, and it is protected; take the option protect off first.`);
    }
    if (registration.deleteBeforeReplace || answer.deleteBeforeReplace) {
      throw new EngineRefusal(
        `${why}, and the old one must go first, which this engine does not do; delete it from the program, run up, and add it again.`,
      );
    }
    const made = { ...next, id: "", outputs: {} };
    return this.#make({ ...change, next: made }, changeStepOf("replace", old, made, answer), old);
  }

  async #make(
    { registration, provider, next }: ResourceChange,
    step: Step,
    old?: ResourceRecord,
  ): Promise<Registered> {
    const { state, reporter, preview } = this.#context;
    const { additionalSecretOutputs, timeouts } = registration;
    const startedAt = reporter.started(step);
    await this.#recordIntent("create", registration, next);
    const settle = (id: string, outputs: Properties): ResourceRecord => {
      if (old !== undefined) state.supersede(old.urn);
      return settledRecord(next, id, markSecrets(outputs, next.inputs, additionalSecretOutputs));
    };
    try {
      const made =
        preview && !provider.supportsPreview
          ? { id: "", outputs: {} }
          : await provider.create(registration, next.inputs, { preview, timeoutSeconds: timeouts.create });
      if (!preview && made.id === old?.id) {
        throw new ProviderFailure(`the replacement has the id of what it replaces, ${made.id}`, {
          uncertain: false,
        });
      }
      const settled = settle(preview ? "" : made.id, made.outputs);
      state.put(settled);
      return await this.#finish(registration, step, startedAt, settled);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (error.partial !== undefined) {
        state.put({ ...settle(error.partial.id, error.partial.outputs), unsettled: true });
      } else if (!error.uncertain) {
        state.removePending(next.urn);
      }
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
    await this.#recordIntent("update", registration, next);
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
      state.put(settled);
      return await this.#finish(registration, step, startedAt, settled);
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      if (!error.uncertain) {
        state.removePending(next.urn);
        // Refused or half done, nobody knows: the next update asks the provider again, whatever its inputs are then.
        state.amend(old, { ...(error.partial ? settle(error.partial.outputs) : old), unsettled: true });
      }
      if (!preview) await state.save();
      reporter.stepFailed(step, error.message);
      throw error;
    }
  }

  async #recordIntent(
    op: "create" | "update",
    registration: Registration,
    resource: ResourceRecord,
  ): Promise<void> {
    const { state, preview } = this.#context;
    if (preview) return;
    state.putPending({ op, resource, additionalSecretOutputs: [...registration.additionalSecretOutputs] });
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

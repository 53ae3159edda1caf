import { sendDelete } from "./deletion.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import { deletionOrder } from "./graph.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { settledRecord } from "./record-building.ts";
import { nameOf, type PendingRecord, type ResourceRecord } from "./records.ts";
import { markSecrets } from "./secrecy.ts";
import type { UpdateContext } from "./update-context.ts";
import type { Properties } from "./values.ts";

/**
 * Finishes what an update that died had begun, before anything is planned: repeats its
 * creates, updates and deletes, which providers take for the same acts. So a resource that
 * was made and never recorded is on record again, even if the program no longer wants it. Once interrupted, it begins
 * no other; what is left stays on record as begun.
 * @throws {EngineRefusal} when an outcome is still unknown, for then no plan would be safe.
 */
export async function resume(context: UpdateContext): Promise<void> {
  const { state, reporter } = context;
  const deleting = [...state.resources, ...state.superseded].filter((resource) => resource.deleting);
  const count = state.pending.length + deleting.length;
  if (count === 0) return;
  if (context.preview) {
    reporter.warn(`An update was interrupted; the next "up" first finishes ${count} step(s) of it.`);
    return;
  }
  reporter.info(`An update was interrupted; finishing ${count} step(s) of it.`);
  const repeated = await Promise.allSettled(
    state.pending.map((pending) => context.limit(() => repeat(context, pending))),
  );
  for (const outcome of repeated) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
  await deletionOrder(deleting, (resource) => context.limit(() => repeatDelete(context, resource)));
  await state.save();
}

async function repeat(context: UpdateContext, pending: PendingRecord): Promise<void> {
  const { state, signal } = context;
  if (signal.aborted) return;
  const { op, resource, formerUrn } = pending;
  const { timeouts } = resource;
  const old = state.find(formerUrn);
  const settle = (id: string, outputs: Properties, unsettled: boolean): void => {
    const replaces = op === "create" && old !== undefined && !old.pendingReplacement && !old.external;
    if (replaces && id !== old.id) state.supersede(formerUrn, resource.urn);
    const marked = markSecrets(outputs, resource.inputs, resource.additionalSecretOutputs);
    state.put({ ...settledRecord(resource, id, marked), unsettled }, formerUrn);
  };
  const provider = await context.providers.for(resource);
  await tolerant(context, resource, async () => {
    try {
      if (op === "create") {
        const options = { preview: false, timeoutSeconds: timeouts.create };
        const made = await provider.create(resource, resource.inputs, options);
        settle(made.id, made.outputs, false);
      } else if (old !== undefined) {
        const options = { preview: false, timeoutSeconds: timeouts.update, ignoreChanges: [] };
        settle(old.id, await provider.update(resource, old.id, old, resource.inputs, options), false);
      }
    } catch (error) {
      if (error instanceof ProviderFailure && error.partial)
        settle(error.partial.id, error.partial.outputs, true);
      throw error;
    }
  });
  state.removePending(resource.urn);
  // A repeated update that was refused may still have done something: have the provider look at it again.
  if (old !== undefined && state.find(formerUrn) === old && !old.pendingReplacement) {
    state.amend(old, { ...old, unsettled: true });
  }
  await state.save();
}

async function repeatDelete(context: UpdateContext, resource: ResourceRecord): Promise<boolean> {
  if (context.signal.aborted) return false;
  await tolerant(context, resource, () => sendDelete(context, resource, resource));
  await context.state.save();
  return true;
}

/** A refusal is an answer: it did not happen. No answer is not one. */
async function tolerant(
  context: UpdateContext,
  resource: ResourceRecord,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const subject = `Resource "${nameOf(resource.urn)}" (${resource.type})`;
    if (error.uncertain) {
      throw new EngineRefusal(`${subject}: the interrupted step cannot be finished: ${error.message}`, {
        cause: error,
      });
    }
    context.reporter.warn(
      `${subject}: the interrupted step was refused when repeated: ${error.message}`,
      resource.urn,
    );
  }
}

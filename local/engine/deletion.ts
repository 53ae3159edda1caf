import { EngineRefusal } from "./engine-refusal.ts";
import type { StepOp } from "./events.ts";
import { deletionOrder } from "./graph.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { isDefaultProvider } from "./provider-references.ts";
import { nameOf, type ResourceRecord } from "./records.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";

/**
 * Deletes resources, each after all that depend on it or are its children, independent ones in parallel.
 * What a failed one depends on stays. If one of them that is still there is protected, nothing is deleted.
 */
export async function deleteResources(
  context: UpdateContext,
  doomed: readonly ResourceRecord[],
): Promise<void> {
  const { state, reporter, signal, deleted } = context;
  const guarded = doomed.filter(({ protect, pendingReplacement }) => protect && !pendingReplacement);
  for (const { urn, type } of guarded) {
    const error = new EngineRefusal(
      "it is protected, so it is not deleted; take the option protect off and run up first.",
    );
    reporter.resourceFailed({ urn, type, name: nameOf(urn) }, error);
  }
  if (guarded.length > 0) return;
  for (const { urn } of doomed) deleted.add(urn);
  const superseded = new Set(state.superseded);
  await deletionOrder(doomed, async (resource) => {
    if (signal.aborted) return false;
    const op = superseded.has(resource) ? "delete-replaced" : resource.external ? "discard" : "delete";
    return resource.custom
      ? context.limit(() => deleteOne(context, resource, op))
      : forget(context, resource, op);
  });
}

/** Returns whether it is gone. */
async function deleteOne(context: UpdateContext, resource: ResourceRecord, op: StepOp): Promise<boolean> {
  const { state, reporter, signal } = context;
  if (signal.aborted) return false;
  // Nobody made a step of these two: the one is the engine's own, the other was deleted, and told of, before.
  if (isDefaultProvider(resource) || resource.pendingReplacement) {
    state.remove(resource);
    return true;
  }
  if (!isProvidersToDelete(context, resource)) return forget(context, resource, op);
  const step = stepOf(op, { old: resource });
  const startedAt = reporter.started(step);
  try {
    await sendDelete(context, resource);
    await state.save();
    reporter.done(step, startedAt);
    return true;
  } catch (error) {
    if (!(error instanceof ProviderFailure || error instanceof EngineRefusal)) throw error;
    reporter.stepFailed(step, error.message);
    reporter.resourceFailed(step, error);
    return false;
  }
}

/** Whether a provider has to be asked for its deletion. */
export function isProvidersToDelete({ preview, deleted }: UpdateContext, resource: ResourceRecord): boolean {
  const { custom, external, retainOnDelete, deletedWith } = resource;
  return !preview && custom && !external && !retainOnDelete && !deleted.has(deletedWith);
}

/**
 * Has the provider delete the resource and takes it off the state, or keeps it there as one whose replacement
 * is still to be made; the caller saves.
 * @throws {ProviderFailure} after which it is as before, or, if the outcome is unknown, still marked as being deleted.
 */
export async function sendDelete(
  context: UpdateContext,
  resource: ResourceRecord,
  { pendingReplacement = false }: { pendingReplacement?: boolean } = {},
): Promise<void> {
  const { state, providers } = context;
  const provider = await providers.for(resource);
  const marked = { ...resource, deleting: true, pendingReplacement };
  state.amend(resource, marked);
  await state.save();
  try {
    await provider.delete(marked, marked.id, marked, marked.timeouts.delete);
    if (pendingReplacement) state.amend(marked, { ...marked, deleting: false });
    else state.remove(marked);
  } catch (error) {
    if (error instanceof ProviderFailure && !error.uncertain) {
      state.amend(marked, { ...marked, deleting: false, pendingReplacement: false });
      await state.save();
    }
    throw error;
  }
}

/** Takes a resource off the state that no provider need be asked about. */
async function forget(
  { state, reporter, preview }: UpdateContext,
  resource: ResourceRecord,
  op: StepOp,
): Promise<boolean> {
  const step = stepOf(op, { old: resource });
  const startedAt = reporter.started(step);
  state.remove(resource);
  if (!preview) await state.save();
  reporter.done(step, startedAt);
  return true;
}

import { EngineRefusal } from "./engine-refusal.ts";
import { deletionOrder } from "./graph.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { nameOf, type ResourceRecord } from "./records.ts";
import type { StackState } from "./stack-state.ts";
import { stepOf } from "./steps.ts";
import type { UpdateContext } from "./update-context.ts";
import { packageOf } from "./urns.ts";

/**
 * Deletes resources, each after all that depend on it or are its children, independent ones in parallel.
 * What a failed one depends on stays. If one of them is protected, nothing is deleted.
 */
export async function deleteResources(
  context: UpdateContext,
  doomed: readonly ResourceRecord[],
): Promise<void> {
  const { reporter, signal } = context;
  const guarded = doomed.filter((resource) => resource.protect);
  for (const { urn, type } of guarded) {
    const error = new EngineRefusal(
      "it is protected, so it is not deleted; take the option protect off and run up first.",
    );
    reporter.resourceFailed({ urn, type, name: nameOf(urn) }, error);
  }
  if (guarded.length > 0) return;
  await deletionOrder(doomed, async (resource) => {
    if (signal.aborted) return false;
    return resource.custom ? context.limit(() => deleteOne(context, resource)) : forget(context, resource);
  });
}

function opOf(state: StackState, resource: ResourceRecord): "delete" | "delete-replaced" {
  return state.superseded.includes(resource) ? "delete-replaced" : "delete";
}

/** Returns whether it is gone. */
async function deleteOne(context: UpdateContext, resource: ResourceRecord): Promise<boolean> {
  const { state, reporter, preview, signal } = context;
  const step = stepOf(opOf(state, resource), { old: resource });
  if (signal.aborted) return false;
  if (preview || resource.retainOnDelete) return forget(context, resource);
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

/**
 * Has the provider delete the resource and takes it off the state; the caller saves.
 * @throws {ProviderFailure} after which it is as before, or, if the outcome is unknown, still marked as being deleted.
 */
export async function sendDelete(context: UpdateContext, resource: ResourceRecord): Promise<void> {
  const { state, providers } = context;
  const provider = await providers.get(packageOf(resource.type));
  const marked = { ...resource, deleting: true };
  state.amend(resource, marked);
  await state.save();
  try {
    await provider.delete(marked, marked.id, marked, marked.deleteTimeoutSeconds);
    state.remove(marked);
  } catch (error) {
    if (error instanceof ProviderFailure && !error.uncertain) {
      state.amend(marked, { ...marked, deleting: false });
      await state.save();
    }
    throw error;
  }
}

/** Takes a resource off the state that no provider need be asked about. */
async function forget(
  { state, reporter, preview }: UpdateContext,
  resource: ResourceRecord,
): Promise<boolean> {
  const step = stepOf(opOf(state, resource), { old: resource });
  const startedAt = reporter.started(step);
  state.remove(resource);
  if (!preview) await state.save();
  reporter.done(step, startedAt);
  return true;
}

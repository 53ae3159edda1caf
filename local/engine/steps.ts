import { withoutAssetText } from "./assets.ts";
import { type DeployedResource, deployedResource } from "./deployed-resource.ts";
import { type Difference, differences, valueAt } from "./differences.ts";
import type { DetailedKind, ShownDifference, Step, StepOp } from "./events.ts";
import { masked, withMaskedSecrets } from "./masking.ts";
import type { DiffAnswer } from "./provider-answers.ts";
import { nameOf, type ResourceRecord } from "./records.ts";

/** A step as it is shown: every value in it is masked. */
export function stepOf(
  op: StepOp,
  change: { old?: ResourceRecord | undefined; next?: ResourceRecord | undefined },
): Step {
  const { old, next } = change;
  const { urn, type, parent, custom } = (next ?? old) as ResourceRecord;
  return {
    op,
    urn,
    type,
    name: nameOf(urn),
    parent,
    custom,
    ...(old && { oldState: stateOf(old) }),
    ...(next && { newState: stateOf(next) }),
  };
}

/** An update or a replacement, with what changes: as the provider says, or by comparing inputs where it does not. */
export function changeStepOf(
  op: "update" | "replace",
  old: ResourceRecord,
  next: ResourceRecord,
  answer: DiffAnswer,
): Step {
  const found = changedPaths(old, next, answer);
  const before = { outputs: masked(old.outputs), inputs: masked(old.inputs) };
  const after = masked(withoutAssetText(next.inputs));
  const replacing = new Set(answer.replaces);
  const shown = found.map(({ path, kind }): ShownDifference => {
    const oldValue = valueAt(before.inputs, path) ?? valueAt(before.outputs, path);
    const newValue = valueAt(after, path);
    return {
      path,
      kind,
      ...(replacing.has(path) && { replaces: true }),
      ...(oldValue !== undefined && { old: oldValue }),
      ...(newValue !== undefined && { new: newValue }),
    };
  });
  const detailedDiff = Object.fromEntries(
    found.map(({ path, kind }): [string, { kind: DetailedKind; inputDiff: boolean }] => [
      path,
      {
        kind: replacing.has(path) ? `${kind}-replace` : kind,
        inputDiff: answer.detailedDiff[path]?.inputDiff ?? true,
      },
    ]),
  );
  return { ...stepOf(op, { old, next }), detailedDiff, diff: shown };
}

function changedPaths(old: ResourceRecord, next: ResourceRecord, answer: DiffAnswer): readonly Difference[] {
  const detailed = Object.entries(answer.detailedDiff);
  if (detailed.length > 0) return detailed.map(([path, { kind }]) => ({ path, kind }));
  const changes = differences(old.inputs, next.inputs);
  if (answer.diffs.length === 0) return changes;
  const named = changes.filter(({ path }) => answer.diffs.includes(/^[^.[]*/.exec(path)?.[0] ?? path));
  return named.length > 0 ? named : answer.diffs.map((path) => ({ path, kind: "update" }));
}

function stateOf(record: ResourceRecord): DeployedResource {
  return deployedResource(record, (properties) => withMaskedSecrets(withoutAssetText(properties)));
}

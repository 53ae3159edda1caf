import { differences, equal } from "./differences.ts";
import { covers, type PropertyPath, parsePath } from "./property-paths.ts";
import type { DiffAnswer } from "./provider-answers.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
import type { Properties } from "./values.ts";

/** Bears the failure of an earlier step, where `replaceOnChanges` can name it. */
const UNSETTLED_PATH: PropertyPath = ["#initerror"];

export type Decision = "same" | "update" | "replace";

/** A resource whose provider is another one than before is replaced, whatever else has changed. */
export const PROVIDER_CHANGED: DiffAnswer = {
  changes: "some",
  replaces: ["provider"],
  deleteBeforeReplace: false,
  diffs: ["provider"],
  detailedDiff: {},
};

/** What is to be done, and the answer on which that rests: completed, and with what the program's options make of it. */
export function decide(
  answer: DiffAnswer,
  old: ResourceRecord,
  inputs: Properties,
  { replaceOnChanges }: Pick<Registration, "replaceOnChanges">,
): { decision: Decision; answer: DiffAnswer } {
  const completed = answer.changes === "unknown" ? compared(answer, old.inputs, inputs) : answer;
  const paths = replaceOnChanges.map(parsePath);
  const covered = (path: PropertyPath): boolean => paths.some((outer) => covers(outer, path));
  const failed = old.unsettled && covered(UNSETTLED_PATH);
  if (completed.changes === "none" && !failed) {
    return { decision: old.unsettled ? "update" : "same", answer: completed };
  }
  const changed = new Set([...completed.diffs, ...Object.keys(completed.detailedDiff)]);
  const replaces = new Set([
    ...completed.replaces,
    ...[...changed].filter((path) => covered(parsePath(path))),
    ...(failed ? UNSETTLED_PATH.map(String) : []),
  ]);
  return {
    decision: replaces.size > 0 ? "replace" : "update",
    answer: { ...completed, replaces: [...replaces] },
  };
}

/** For a provider that does not say what changes: by the inputs. */
function compared(answer: DiffAnswer, old: Properties, next: Properties): DiffAnswer {
  if (equal(old, next)) return { ...answer, changes: "none" };
  const found = differences(old, next);
  return {
    ...answer,
    changes: "some",
    diffs: [...new Set(found.map(({ path }) => String(parsePath(path)[0])))],
    detailedDiff: Object.fromEntries(found.map(({ path, kind }) => [path, { kind, inputDiff: true }])),
  };
}

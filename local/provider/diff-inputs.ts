import { covers } from "../../review/rules/paths.ts";
import { absentFrom, type Value } from "../../review/rules/values.ts";
import { isMadeUp } from "./autonaming.ts";
import { differences } from "./differences.ts";
import type { Kind } from "./kind.ts";
import { type DiffRequest, type DiffResult, nameOf } from "./requests.ts";

/**
 * What the program now says and the service chose before is no change. A name that the program gave and
 * keeps is free for a replacement only once the old resource is gone, as in Pulumi's own providers.
 * @see https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/schema.go nameRequiresDeleteBeforeReplace
 */
export function diffInputs(
  kind: Kind,
  { urn, oldInputs, olds, news, ignoreChanges }: DiffRequest,
): DiffResult {
  const { autoname, facts } = kind;
  const forced = facts.replaceOnChange;
  const changes = new Map<string, { change: "add" | "update" | "delete"; replaces: boolean }>();
  const chosen = absentFrom(oldInputs, olds);
  for (const [path, change] of differences(oldInputs, news)) {
    if (change === "add" && path in chosen && isSame(chosen[path], news[path])) continue;
    if (ignoreChanges.some((ignored) => covers(ignored, path) || path.startsWith(`${ignored}.`))) continue;
    changes.set(path, { change, replaces: forced.some((tabled) => covers(tabled, path)) });
  }
  const isKept = autoname !== undefined && !changes.has(autoname.property);
  const name = isKept ? news[autoname.property] : undefined;
  const isGiven = isKept && typeof name === "string" && !isMadeUp(autoname, nameOf({ urn }), name);
  return { changes, deleteBeforeReplace: isGiven };
}

function isSame(left: Value | undefined, right: Value | undefined): boolean {
  return differences({ value: left }, { value: right }).size === 0;
}

import { Asset } from "../../review/rules/asset.ts";
import { childPath } from "../../review/rules/paths.ts";
import {
  isList,
  isProperties,
  type Properties,
  Secret,
  UNKNOWN,
  UNREADABLE_SECRET,
  type Value,
} from "../../review/rules/values.ts";

export type Change = "add" | "update" | "delete";

/**
 * Where two sets of properties differ, each path as deep as it can be named. Secrets are compared by
 * their value, assets by their content; what is unknown counts as changed.
 */
export function differences(olds: Properties, news: Properties): ReadonlyMap<string, Change> {
  const changes = new Map<string, Change>();
  compare(olds, news, "", changes);
  return changes;
}

function compare(
  left: Value | undefined,
  right: Value | undefined,
  path: string,
  changes: Map<string, Change>,
) {
  const old = left instanceof Secret ? left.value : left;
  const next = right instanceof Secret ? right.value : right;
  if (old === undefined && next === undefined) return;
  if (old === UNREADABLE_SECRET && next !== undefined) return;
  if (old === undefined) changes.set(path, "add");
  else if (next === undefined) changes.set(path, "delete");
  else if (isList(old) && isList(next)) {
    for (let index = 0; index < Math.max(old.length, next.length); index++) {
      compare(old[index], next[index], childPath(path, index), changes);
    }
  } else if (isProperties(old) && isProperties(next)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(next)])) {
      compare(old[key], next[key], childPath(path, key), changes);
    }
  } else if (old instanceof Asset && next instanceof Asset) {
    if (!old.equals(next)) changes.set(path, "update");
  } else if (old === UNKNOWN || old !== next) {
    changes.set(path, "update");
  }
}

import type { DeployedResource } from "./deployed-resource.ts";
import { differences, valueAt } from "./differences.ts";
import type { ShownDifference, Step } from "./events.ts";
import { MASK, UNKNOWN_MASK } from "./masking.ts";
import { isAsset, isList, isProperties, type Properties, UNKNOWN, type Value } from "./values.ts";

/** A longer value is cut where only what changes is shown: `--diff` and `--json` have the whole. */
const MAX_VALUE = 80;

/** The changed properties of a step, a line each. */
export function changedProperties({ diff = [] }: Step): readonly string[] {
  return diff.map((difference) => {
    const { path, kind, old, new: next } = difference;
    if (kind === "add") return `+ ${path}: ${short(next)}${consequence(difference)}`;
    if (kind === "delete") return `- ${path}: ${short(old)}${consequence(difference)}`;
    return `~ ${path}: ${short(old)} → ${short(next)}${consequence(difference)}`;
  });
}

/** All there is to say of a step's properties, nested: of what is made or goes all inputs, of a change old and new. */
export function allProperties(step: Step): readonly string[] {
  const { oldState, newState, diff } = step;
  const head = [
    ...(oldState?.id === undefined ? [] : [`[id=${oldState.id}]`]),
    ...options(newState ?? oldState).map((option) => `[${option}]`),
  ];
  if (diff !== undefined) return [...head, ...diff.flatMap(wholeDifference)];
  return [...head, ...nested((newState ?? oldState)?.inputs ?? {})];
}

/** Those that decide what becomes of a resource. */
function options(state: DeployedResource | undefined): readonly string[] {
  return [
    ...(state?.protect ? ["protected"] : []),
    ...(state?.retainOnDelete ? ["retained when deleted"] : []),
    ...(state?.deletedWith === undefined ? [] : [`deleted with ${state.deletedWith}`]),
  ];
}

function wholeDifference(difference: ShownDifference): readonly string[] {
  const { path, kind, old, new: next } = difference;
  const suffix = consequence(difference);
  if (kind === "add") return withNested(`+ ${path}`, next, suffix);
  if (kind === "delete") return withNested(`- ${path}`, old, suffix);
  // A provider may name no more than the property at the top: what differs in it is told all the same.
  const inner = isContainer(old) && isContainer(next) ? differences({ value: old }, { value: next }) : [];
  if (inner.length === 0) return [`~ ${path}: ${whole(old)} → ${whole(next)}${suffix}`];
  return [
    `~ ${path}:${suffix}`,
    ...indented(
      inner.flatMap((each) => {
        const before = valueAt({ value: old ?? null }, each.path);
        const after = valueAt({ value: next ?? null }, each.path);
        return wholeDifference({
          path: each.path.replace(/^value\.?/, ""),
          kind: each.kind,
          ...(before !== undefined && { old: before }),
          ...(after !== undefined && { new: after }),
        });
      }),
    ),
  ];
}

function consequence({ replaces }: ShownDifference): string {
  return replaces ? " (replaces)" : "";
}

function nested(value: Properties | readonly Value[]): readonly string[] {
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .flatMap(([name, item]) => withNested(isList(value) ? `[${name}]` : name, item as Value, ""));
}

function withNested(head: string, value: Value | undefined, suffix: string): readonly string[] {
  if (!isContainer(value) || Object.keys(value).length === 0) return [`${head}: ${whole(value)}${suffix}`];
  return [`${head}:${suffix}`, ...indented(nested(value))];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function isContainer(value: Value | undefined): value is Properties | readonly Value[] {
  return isList(value) || (isProperties(value) && !isAsset(value));
}

function short(value: Value | undefined): string {
  const text = whole(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

function whole(value: Value | undefined): string {
  if (value === undefined) return "(none)";
  if (value === MASK || value === UNKNOWN_MASK) return value;
  if (value === UNKNOWN) return UNKNOWN_MASK;
  return isAsset(value) ? `asset ${String(value.hash).slice(0, 12)}` : JSON.stringify(value);
}

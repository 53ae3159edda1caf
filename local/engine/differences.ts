import { MASK, UNKNOWN_MASK } from "./masking.ts";
import {
  isAsset,
  isList,
  isProperties,
  isSecret,
  type Properties,
  type Value,
  withoutSecrecy,
} from "./values.ts";

export type DifferenceKind = "add" | "delete" | "update";

export interface Difference {
  /** Pulumi's property path: `template.containers[0].image`. */
  readonly path: string;
  readonly kind: DifferenceKind;
}

/** Equal but for marks of secrecy. Assets are equal when their bytes are, wherever they lie. */
export function equal(left: Value | undefined, right: Value | undefined): boolean {
  return left === undefined || right === undefined
    ? left === right
    : differencesOf(withoutSecrecy(left), withoutSecrecy(right), "").length === 0;
}

/** What changed between two sets of properties, as deep as both sides have the same shape. */
export function differences(old: Properties, next: Properties): readonly Difference[] {
  return differencesOf(old, next, "");
}

function differencesOf(old: Value, next: Value, path: string): readonly Difference[] {
  if (isSecret(old) || isSecret(next)) {
    return equal(old, next) ? [] : [{ path, kind: "update" }];
  }
  if (isAsset(old) && isAsset(next)) {
    return old.hash === next.hash ? [] : [{ path, kind: "update" }];
  }
  if (isList(old) && isList(next)) {
    const length = Math.max(old.length, next.length);
    return Array.from({ length }, (_, index) => change(old[index], next[index], `${path}[${index}]`)).flat();
  }
  if (isProperties(old) && isProperties(next)) {
    const names = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
    return names.flatMap((name) => change(old[name], next[name], join(path, name)));
  }
  return old === next ? [] : [{ path, kind: "update" }];
}

function change(old: Value | undefined, next: Value | undefined, path: string): readonly Difference[] {
  if (old === undefined) return next === undefined ? [] : [{ path, kind: "add" }];
  return next === undefined ? [{ path, kind: "delete" }] : differencesOf(old, next, path);
}

function join(path: string, name: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** The value at a path of masked properties, or the mask further out that stands for it. */
export function valueAt(properties: Properties, path: string): Value | undefined {
  let value: Value | undefined = properties;
  for (const [, quoted, index, name] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
    if (value === UNKNOWN_MASK || value === MASK) return value;
    if (isList(value)) value = value[Number(index)];
    else if (isProperties(value))
      value = value[quoted === undefined ? (index ?? name ?? "") : unquote(quoted)];
    else return undefined;
  }
  return value;
}

function unquote(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}

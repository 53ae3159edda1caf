import { isList, isProperties, isSecret, type Properties, secret, type Value } from "./values.ts";

/** Names of properties, indexes of lists, and `*`, which stands for all of either. */
export type PropertyPath = readonly (string | number)[];

const ALL = "*";
const ELEMENT = /\.?(?:\["((?:[^"\\]|\\"|\\)*)"\]|\[(\d+)\]|\[(\*)\]|([^.[\]"]+))/y;

/**
 * Reads a property path: `a.b[0].c`, `a[*].b`, `["a.b"]`.
 * @throws {SyntaxError} telling what is wrong and where.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/options/ignorechanges/
 */
export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  ELEMENT.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const [whole, quoted, index, all, name] = ELEMENT.exec(text) ?? [];
    if (whole === undefined || (at === 0 && whole.startsWith("."))) {
      throw new SyntaxError(
        `a property path must be names, [indexes], [*] and ["quoted names"]; got "${text}", wrong from character ${at + 1} on`,
      );
    }
    if (quoted !== undefined) path.push(quoted.replaceAll('\\"', '"'));
    else if (index !== undefined) path.push(Number(index));
    else path.push(all ?? name ?? "");
    at = ELEMENT.lastIndex;
  }
  if (path.length === 0) throw new SyntaxError("a property path must not be empty");
  return path;
}

/** Whether `inner` is what `outer` points to, or lies in it. */
export function covers(outer: PropertyPath, inner: PropertyPath): boolean {
  return outer.every((key, depth) => (key === ALL ? depth < inner.length : inner[depth] === key));
}

/**
 * The new properties with the old value at the path. As in Pulumi, it sets and deletes properties, but makes no
 * objects on the way to them, and adds and removes no items of lists.
 * @returns undefined when the path cannot be followed in one of the two, so that nothing can be kept.
 */
export function withOldAt(next: Properties, old: Properties, path: PropertyPath): Properties | undefined {
  return reset(next, old, path, { next: false, old: false }) as Properties | undefined;
}

/** Whether the values at hand lie in secrets: what comes out of one must not end up outside of one. */
interface Secrecy {
  readonly next: boolean;
  readonly old: boolean;
}

function reset(next: Value, old: Value, path: PropertyPath, secrecy: Secrecy): Value | undefined {
  if (isSecret(next)) {
    const inner = reset(next.value, old, path, { ...secrecy, next: true });
    return inner === undefined ? undefined : secret(inner);
  }
  if (isSecret(old)) return reset(next, old.value, path, { ...secrecy, old: true });
  const [key = "", ...rest] = path;
  if (key === ALL) return resetAll(next, old, rest, secrecy);
  return typeof key === "number"
    ? resetItem(next, old, key, rest, secrecy)
    : resetProperty(next, old, key, rest, secrecy);
}

function resetItem(
  next: Value,
  old: Value,
  index: number,
  rest: PropertyPath,
  secrecy: Secrecy,
): Value | undefined {
  if (!isList(next) || !isList(old)) return isList(next) || isList(old) ? undefined : next;
  const [nextItem, oldItem] = [next[index], old[index]];
  if (nextItem === undefined || oldItem === undefined) {
    return rest.length === 0 && nextItem === oldItem ? next : undefined;
  }
  const item = rest.length === 0 ? kept(oldItem, secrecy) : reset(nextItem, oldItem, rest, secrecy);
  return item === undefined ? undefined : next.with(index, item);
}

function resetProperty(
  next: Value,
  old: Value,
  name: string,
  rest: PropertyPath,
  secrecy: Secrecy,
): Value | undefined {
  const oldValue = isProperties(old) ? old[name] : undefined;
  if (rest.length === 0) {
    if (!isProperties(next)) return oldValue === undefined ? next : undefined;
    const { [name]: _, ...others } = next;
    return oldValue === undefined ? others : { ...next, [name]: kept(oldValue, secrecy) };
  }
  if (!isProperties(next) || !isProperties(old)) {
    return isProperties(next) || isProperties(old) ? undefined : next;
  }
  const nextValue = next[name];
  if (nextValue === undefined) return oldValue === undefined ? next : undefined;
  const value = reset(nextValue, oldValue ?? null, rest, secrecy);
  return value === undefined ? undefined : { ...next, [name]: value };
}

function resetAll(next: Value, old: Value, rest: PropertyPath, secrecy: Secrecy): Value | undefined {
  if (isList(next) && isList(old)) {
    if (next.length !== old.length) return undefined;
    return next.reduce<Value | undefined>(
      (list, _, index) => (list === undefined ? undefined : resetItem(list, old, index, rest, secrecy)),
      next,
    );
  }
  if (isProperties(next) && isProperties(old)) {
    const names = rest.length === 0 ? { ...next, ...old } : old;
    return Object.keys(names).reduce<Value | undefined>((object, name) => {
      if (object === undefined || (rest.length > 0 && !(name in next))) return undefined;
      return resetProperty(object, old, name, rest, secrecy);
    }, next);
  }
  return rest.length === 0 && (isList(next) || isProperties(next)) ? next : undefined;
}

function kept(value: Value, secrecy: Secrecy): Value {
  return secrecy.old && !secrecy.next ? secret(value) : value;
}

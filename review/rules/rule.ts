import { childPath } from "./paths.ts";
import { isList, isProperties, type Properties, UNKNOWN, type Value } from "./values.ts";

/** Notes that the value at `path` breaks `rule` ("must be …"). The value is added, masked where secret. */
export type Report = (path: string, rule: string) => void;

/**
 * Judges a value that is there and known; what it holds may be unknown. Reports by a path within the
 * value, empty for the value itself.
 */
export type Rule = (value: Value, report: Report) => void;

/** Rules and the page that states them. */
export interface CitedRules {
  readonly source: string;
  readonly rules: Readonly<Record<string, Rule | readonly Rule[]>>;
}

/** Like `Report`, with the page that states the rule. */
export type CitedReport = (path: string, rule: string, source: string) => void;

/**
 * Rules by path: `a.b` is nested, `a[].b` is in each element of a list, `a{}` is each entry of a map,
 * and the empty path is the resource itself.
 *
 * @param source where the service, or its provider, says so: a URL.
 */
export function cite(source: string, rules: CitedRules["rules"]): CitedRules {
  return { source, rules };
}

/** Holds each value that is there and known against the rules of its path. */
export function judge(tables: readonly CitedRules[], inputs: Properties, report: CitedReport): void {
  for (const { source, rules } of tables) {
    for (const [pattern, given] of Object.entries(rules)) {
      for (const [path, value] of valuesAt(inputs, pattern)) {
        for (const rule of [given].flat()) {
          rule(value, (below, broken) => report(joinPaths(path, below), broken, source));
        }
      }
    }
  }
}

/** What stands at a pattern of paths, where it is there and known, with its own path. */
export function valuesAt(inputs: Properties, pattern: string): readonly (readonly [string, Value])[] {
  let found: readonly (readonly [string, Value])[] = [["", inputs]];
  for (const segment of segmentsOf(pattern)) {
    found = found.flatMap(([path, value]) => childrenOf(value, segment, path));
  }
  return found;
}

/** The names in a pattern of paths, with `[]` and `{}`. */
export function segmentsOf(pattern: string): readonly string[] {
  return pattern.match(/\[\]|\{\}|[^.[\]{}]+/g) ?? [];
}

/** Applies to objects alone: that it is one is the shape's business. */
export function inObject(check: (properties: Properties, report: Report) => void): Rule {
  return (value, report) => {
    if (isProperties(value)) check(value, report);
  };
}

/** Applies to lists alone. */
export function inList(check: (items: readonly Value[], report: Report) => void): Rule {
  return (value, report) => {
    if (isList(value)) check(value, report);
  };
}

/** Applies to text alone: `check` returns the rule that the text breaks. */
export function ofText(check: (text: string) => string | undefined): Rule {
  return (value, report) => {
    const broken = typeof value === "string" ? check(value) : undefined;
    if (broken !== undefined) report("", broken);
  };
}

/** Applies to numbers alone. */
export function ofNumber(check: (number: number) => string | undefined): Rule {
  return (value, report) => {
    const broken = typeof value === "number" ? check(value) : undefined;
    if (broken !== undefined) report("", broken);
  };
}

function childrenOf(value: Value, segment: string, path: string): readonly (readonly [string, Value])[] {
  const children: readonly (readonly [string | number, Value | undefined])[] =
    segment === "[]"
      ? isList(value)
        ? [...value.entries()]
        : []
      : !isProperties(value)
        ? []
        : segment === "{}"
          ? Object.entries(value)
          : [[segment, value[segment]]];
  return children.flatMap(([key, child]) =>
    child === undefined || child === null || child === UNKNOWN
      ? []
      : [[childPath(path, key), child] as const],
  );
}

function joinPaths(path: string, below: string): string {
  if (path === "" || below === "" || below.startsWith("[")) return `${path}${below}`;
  return `${path}.${below}`;
}

import { type Comparison, filterProblem, leavesOf, severityRank, toRegExp } from "./filter-rules.ts";
import { type Filter, FilterSyntaxError, type Operator, parseFilter } from "./filter-syntax.ts";
import type { ExportedEntry } from "./log-entry.ts";

/** Those that no entry of the local cloud has. */
const NEVER_WRITTEN = new Set(["errorgroups", "metadata", "protopayload", "split"]);

const DURATION = /^-?\d+(\.\d+)?s$/;

export type Matcher = (entry: ExportedEntry) => boolean;

/** @throws {FilterSyntaxError} for what Logging would refuse, and for what the local cloud can't evaluate. */
export function compileFilter(text: string): Matcher {
  const problem = filterProblem(text) ?? unsupportedInFilter(text);
  if (problem !== undefined) throw new FilterSyntaxError(problem);
  return compile(parseFilter(text));
}

/** What the local cloud can't evaluate in a filter that Logging would take. */
export function unsupportedInFilter(text: string): string | undefined {
  for (const leaf of leavesOf(parseFilter(text))) {
    if (leaf.kind === "call") return `calls ${leaf.name}(), which the local cloud does not evaluate`;
    if (leaf.kind === "search") {
      return `searches every field for ${JSON.stringify(leaf.text)}; the local cloud compares named fields only`;
    }
    const [field = ""] = leaf.path;
    if (NEVER_WRITTEN.has(field.toLowerCase()))
      return `asks for ${field}, which no entry of the local cloud has`;
  }
  return undefined;
}

function compile(filter: Filter): Matcher {
  switch (filter.kind) {
    case "and": {
      const terms = filter.terms.map(compile);
      return (entry) => terms.every((term) => term(entry));
    }
    case "or": {
      const terms = filter.terms.map(compile);
      return (entry) => terms.some((term) => term(entry));
    }
    case "not": {
      const term = compile(filter.term);
      return (entry) => !term(entry);
    }
    case "comparison":
      return compileComparison(filter);
    default:
      throw new FilterSyntaxError(`has a ${filter.kind}, which the local cloud does not evaluate`);
  }
}

/** A field that an entry does not have satisfies no comparison, `!=` included. */
function compileComparison({ path, operator, value }: Comparison): Matcher {
  if (operator === ":" && value === "*") return (entry) => valuesAt(entry, path).length > 0;
  const isSeverity = path.length === 1 && path[0]?.toLowerCase() === "severity";
  const holds = isSeverity
    ? compareNumbers(operator, severityRank(value) ?? 0)
    : compareValues(operator, value);
  return (entry) => {
    const values = valuesAt(entry, path);
    return values.some((found) => holds(isSeverity ? severityRank(String(found)) : found));
  };
}

function compareValues(operator: Operator, value: string): (found: unknown) => boolean {
  const wanted = value.toLowerCase();
  switch (operator) {
    case "=":
      return (found) => isEqual(found, wanted);
    case "!=":
      return (found) => !isEqual(found, wanted);
    case ":":
      return (found) => leafTexts(found).some((text) => text.toLowerCase().includes(wanted));
    case "=~":
    case "!~": {
      const pattern = toRegExp(value);
      return (found) => {
        const text = textOf(found);
        return text !== undefined && pattern.test(text) === (operator === "=~");
      };
    }
    default: {
      const number = toNumber(value);
      const isBeyond = compareNumbers(operator, number ?? 0);
      const sorts = compareNumbers(operator, 0);
      return (found) => {
        const other = toNumber(found);
        if (number !== undefined && other !== undefined) return isBeyond(other);
        const text = textOf(found)?.toLowerCase();
        return text !== undefined && sorts(text < wanted ? -1 : Number(text > wanted));
      };
    }
  }
}

function compareNumbers(operator: Operator, wanted: number): (found: unknown) => boolean {
  return (found) => {
    if (typeof found !== "number") return false;
    switch (operator) {
      case ">":
        return found > wanted;
      case ">=":
        return found >= wanted;
      case "<":
        return found < wanted;
      case "<=":
        return found <= wanted;
      case "!=":
        return found !== wanted;
      default:
        return found === wanted;
    }
  };
}

function isEqual(found: unknown, wanted: string): boolean {
  if (typeof found === "number") return found === toNumber(wanted);
  return textOf(found)?.toLowerCase() === wanted;
}

/** Of a struct there is none: to ask it for one would call what its writer named `toString`. */
function textOf(found: unknown): string | undefined {
  return typeof found === "object" ? undefined : String(found);
}

/** Durations ("0.25s") count as seconds. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value === "") return undefined;
  const number = DURATION.test(value) ? Number(value.slice(0, -1)) : Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** What stands at a path; of lists, what stands there in each item. Names match in any letter case. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  if (value === undefined || value === null) return [];
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  if (typeof value !== "object") return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const key =
    name in fields ? name : Object.keys(fields).find((field) => field.toLowerCase() === name.toLowerCase());
  return key === undefined ? [] : valuesAt(fields[key], rest);
}

function leafTexts(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  return typeof value === "object" ? Object.values(value).flatMap(leafTexts) : [String(value)];
}

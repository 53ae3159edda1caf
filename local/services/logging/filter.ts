import { type Filter, FilterSyntaxError, type Operator, parseFilter } from "./filter-syntax.ts";
import { type ExportedEntry, SEVERITIES } from "./log-entry.ts";

/** The fields of a LogEntry. @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry */
const FIELDS = new Set(
  [
    "errorGroups",
    "httpRequest",
    "insertId",
    "jsonPayload",
    "labels",
    "logName",
    "metadata",
    "operation",
    "protoPayload",
    "receiveTimestamp",
    "resource",
    "severity",
    "sourceLocation",
    "spanId",
    "split",
    "textPayload",
    "timestamp",
    "trace",
    "traceSampled",
  ].map((field) => field.toLowerCase()),
);
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

/** What Logging itself would say against a filter: a clause that follows "the filter ", or nothing. */
export function filterProblem(text: string): string | undefined {
  try {
    for (const leaf of leavesOf(parseFilter(text))) {
      const problem = leaf.kind === "comparison" ? comparisonProblem(leaf) : undefined;
      if (problem !== undefined) return problem;
    }
    return undefined;
  } catch (error) {
    if (error instanceof FilterSyntaxError) return error.message;
    throw error;
  }
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

type Comparison = Extract<Filter, { kind: "comparison" }>;
type Leaf = Exclude<Filter, { kind: "and" | "or" | "not" }>;

function leavesOf(filter: Filter): readonly Leaf[] {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.terms.flatMap(leavesOf);
    case "not":
      return leavesOf(filter.term);
    default:
      return [filter];
  }
}

function comparisonProblem({ path, operator, value }: Comparison): string | undefined {
  const [field = ""] = path;
  if (!FIELDS.has(field.toLowerCase())) return `names ${field}, which is no field of a log entry`;
  if (field.toLowerCase() === "severity" && severityRank(value) === undefined && value !== "*") {
    return `compares severity with ${JSON.stringify(value)}, which is none of ${SEVERITIES.join(", ")}`;
  }
  if (operator !== "=~" && operator !== "!~") return undefined;
  try {
    toRegExp(value);
    return undefined;
  } catch {
    return `has ${JSON.stringify(value)}, which is no regular expression`;
  }
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

/** RE2's flag for letter case stands within the pattern. */
function toRegExp(pattern: string): RegExp {
  return pattern.startsWith("(?i)") ? new RegExp(pattern.slice(4), "iu") : new RegExp(pattern, "u");
}

/** By name or number, 0 to 800 in steps of 100. */
function severityRank(value: string): number | undefined {
  const index = (SEVERITIES as readonly string[]).indexOf(value.toUpperCase());
  if (index >= 0) return index * 100;
  return /^[0-8]00$|^0$/.test(value) ? Number(value) : undefined;
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

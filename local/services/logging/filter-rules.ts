import { type Filter, FilterSyntaxError, parseFilter } from "./filter-syntax.ts";

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
export const SEVERITIES = [
  "DEFAULT",
  "DEBUG",
  "INFO",
  "NOTICE",
  "WARNING",
  "ERROR",
  "CRITICAL",
  "ALERT",
  "EMERGENCY",
] as const;

export type Comparison = Extract<Filter, { kind: "comparison" }>;
type Leaf = Exclude<Filter, { kind: "and" | "or" | "not" }>;

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

/** The terms of a filter without what joins them. */
export function leavesOf(filter: Filter): readonly Leaf[] {
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

/** RE2's flag for letter case stands within the pattern. */
export function toRegExp(pattern: string): RegExp {
  return pattern.startsWith("(?i)") ? new RegExp(pattern.slice(4), "iu") : new RegExp(pattern, "u");
}

/** By name or number, 0 to 800 in steps of 100. */
export function severityRank(value: string): number | undefined {
  const index = (SEVERITIES as readonly string[]).indexOf(value.toUpperCase());
  if (index >= 0) return index * 100;
  return /^[0-8]00$|^0$/.test(value) ? Number(value) : undefined;
}

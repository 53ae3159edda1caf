import { valueAt } from "../changes/property-paths.ts";
import type { ResourceChange } from "../changes/stack-changes.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { BY_USE, IDLE, idleCost, PRICES, SECURITY_RULE } from "./prices.ts";

/** How a stack's cost a month differs by what a graph decides. */
export interface CostDifference {
  /** US dollars a month. */
  readonly monthly: number;
  readonly lines: readonly CostLine[];
  /** What changes too, and costs by use. */
  readonly byUse: readonly string[];
}

export interface CostLine {
  /** "1 forwarding rule more" */
  readonly what: string;
  readonly monthly: number;
  readonly source: string;
  readonly besides?: string;
}

/** Less is no more than how floating point rounds. */
const LEAST = 0.005;

/**
 * @param states All resources before and after, of a preview that shows what stays the same too; otherwise those that
 *   change.
 */
export function costDifference(
  changes: readonly ResourceChange[],
  states: { readonly before: readonly ResourceState[]; readonly after: readonly ResourceState[] },
): CostDifference {
  const lines = [...countedLines(states), ...ruleLines(states), ...instanceLines(changes)]
    .filter(({ monthly }) => Math.abs(monthly) >= LEAST)
    .map((line) => ({ ...line, monthly: toCents(line.monthly) }));
  const byUse = BY_USE.filter(([pattern]) => changes.some(({ type }) => pattern.test(type))).map(
    ([, what]) => what,
  );
  return { monthly: toCents(lines.reduce((sum, { monthly }) => sum + monthly, 0)), lines, byUse };
}

function toCents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}

type States = Parameters<typeof costDifference>[1];

function countedLines({ before, after }: States): readonly CostLine[] {
  return PRICES.flatMap(({ type, unit, monthly, source, besides }) => {
    const [old, next] = [before, after].map((states) => states.filter((state) => state.type === type).length);
    const [had, has] = [old ?? 0, next ?? 0];
    const line = { what: moreOrLess(has - had, unit), monthly: monthly(has) - monthly(had), source };
    return [{ ...line, ...(besides !== undefined && { besides }) }];
  });
}

function ruleLines({ before, after }: States): readonly CostLine[] {
  const [old, next] = [before, after].map((states) =>
    states
      .map(({ type, inputs }) => (/:compute\/securityPolicy:/.test(type) ? inputs.rules : []))
      .reduce((sum: number, rules) => sum + (Array.isArray(rules) ? rules.length : 0), 0),
  );
  const more = (next ?? 0) - (old ?? 0);
  const { monthly, source } = SECURITY_RULE;
  return [
    {
      what: moreOrLess(more, "rule of a security policy", "rules of security policies"),
      monthly: more * monthly,
      source,
    },
  ];
}

function instanceLines(changes: readonly ResourceChange[]): readonly CostLine[] {
  return changes.flatMap(({ type, before, after, urn }): readonly CostLine[] => {
    if (!/:cloudrunv2\/service:|:cloudfunctionsv2\/function:/.test(type)) return [];
    const monthly = keptCost(after) - keptCost(before);
    const { source, besides } = IDLE;
    return [{ what: `instances that are kept, of ${urn.split("::").at(-1)}`, monthly, source, besides }];
  });
}

function keptCost(state: ResourceState | undefined): number {
  const at = (...paths: readonly string[]) =>
    paths.map((path) => valueAt(state?.inputs, path)).find((value) => value !== undefined);
  const kept = Number(
    at("template.scaling.minInstanceCount", "scaling.minInstanceCount", "serviceConfig.minInstanceCount") ??
      0,
  );
  const limits = "template.containers[0].resources.limits";
  const cpu = coresOf(at(`${limits}.cpu`, "serviceConfig.availableCpu"));
  const gib = gibOf(at(`${limits}.memory`, "serviceConfig.availableMemory"));
  return Number.isFinite(kept) ? kept * idleCost(cpu, gib) : 0;
}

function coresOf(value: unknown): number {
  const [, count, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value ?? 1)) ?? [];
  return milli === "m" ? Number(count) / 1_000 : Number(count ?? 1);
}

function gibOf(value: unknown): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|K|M|G)?$/.exec(String(value ?? "512Mi")) ?? [];
  const bytes: Readonly<Record<string, number>> = {
    "": 1,
    K: 1e3,
    M: 1e6,
    G: 1e9,
    Ki: 1024,
    Mi: 1024 ** 2,
    Gi: 1024 ** 3,
  };
  return (Number(count ?? 0) * (bytes[unit] ?? 1)) / 1024 ** 3;
}

function moreOrLess(difference: number, unit: string, units = plural(unit)): string {
  const count = Math.abs(difference);
  return `${count} ${count === 1 ? unit : units} ${difference < 0 ? "less" : "more"}`;
}

function plural(unit: string): string {
  const [, noun = unit, rest = ""] = /^(.*?)( with .*)?$/.exec(unit) ?? [];
  return `${noun.endsWith("y") && !noun.endsWith("key") ? `${noun.slice(0, -1)}ies` : `${noun}s`}${rest}`;
}

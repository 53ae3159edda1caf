import { textOf } from "../../kernel/property-values.ts";
import type { ExportedEntry } from "../logging/log-entry.ts";
import type { AbsenceCondition, AlertPolicy, Condition, ThresholdCondition } from "./alert-policy.ts";
import type { IncidentLifecycle } from "./incident-lifecycle.ts";
import type { Incident } from "./incidents.ts";
import { burnRate, type Objective } from "./objective.ts";
import type { SeriesStore } from "./series.ts";
import { type Aggregated, aggregate, ThresholdWatch } from "./threshold.ts";

/** One policy in force: judges its conditions, and opens and closes the incidents that come of them. */
export class PolicyWatch {
  readonly policy: AlertPolicy;
  readonly #findObjective: (name: string) => Objective | undefined;
  readonly #series: SeriesStore;
  readonly #incidents: IncidentLifecycle;
  readonly #watches: readonly ThresholdWatch[];
  readonly #values: (number | null)[];

  /** @param findObjective by its name, as it is now. */
  constructor(
    policy: AlertPolicy,
    series: SeriesStore,
    incidents: IncidentLifecycle,
    findObjective: (name: string) => Objective | undefined,
  ) {
    this.policy = policy;
    this.#findObjective = findObjective;
    this.#series = series;
    this.#incidents = incidents;
    this.#watches = policy.conditions.map(() => new ThresholdWatch());
    this.#values = policy.conditions.map(() => null);
  }

  /** Of each condition, the value furthest beyond, or closest to, the threshold at the last look; null without data. */
  get values(): readonly (number | null)[] {
    return this.#values;
  }

  /** Metrics that its conditions ask for. */
  get metrics(): readonly string[] {
    return this.policy.conditions.flatMap((condition) => {
      if (condition.kind === "log") return [];
      if (condition.kind === "absence") return condition.filter.metric;
      const objective = condition.burnRate && this.#findObjective(condition.burnRate.objective);
      const filters = objective
        ? [objective.good, objective.total]
        : [condition.filter, condition.denominator];
      return filters.flatMap((filter) => filter?.metric ?? []);
    });
  }

  /** Holds an entry against the conditions on logs. */
  take(entry: ExportedEntry, now: number): void {
    for (const [index, condition] of this.policy.conditions.entries()) {
      if (condition.kind === "log" && condition.matches(entry)) this.#matched(index, condition, entry, now);
    }
  }

  /** Judges the series as they are now. */
  judge(now: number): void {
    const { policy } = this;
    const causes = this.#causes(now);
    const open = this.#incidents.listOpen(policy);
    for (const [cause, summary] of causes) {
      const before = open.find((incident) => incident.cause === cause);
      if (before) this.#incidents.see(before, now);
      else this.#incidents.open(policy, cause, summary, now);
    }
    for (const incident of open) {
      if (!causes.has(incident.cause) && this.#isOver(incident, now))
        this.#incidents.close(policy, incident, now);
    }
  }

  #matched(index: number, condition: Condition, entry: ExportedEntry, now: number): void {
    const { policy } = this;
    const cause = `${index}`;
    const open = this.#incidents.listOpen(policy).find((incident) => incident.cause === cause);
    const said = entry.textPayload ?? textOf(entry.jsonPayload?.message) ?? entry.logName;
    if (!open) this.#incidents.open(policy, cause, `${condition.displayName}: ${said}`, now);
    else if (now - open.notifiedAt >= policy.rateLimitMs) this.#incidents.remind(policy, open, now);
    else this.#incidents.see(open, now);
  }

  /** What is beyond its threshold for as long as the policy asks, each with a sentence about it. */
  #causes(now: number): ReadonlyMap<string, string> {
    const { conditions, combiner } = this.policy;
    const found = conditions.map((condition, index) => {
      if (condition.kind === "log") return [];
      if (condition.kind === "absence") return this.#silent(condition, now);
      const aggregated = this.#aggregate(condition, now);
      this.#values[index] = extreme(condition, aggregated);
      return this.#watches[index]?.violations(condition, aggregated, now) ?? [];
    });
    const causes = new Map<string, string>();
    const isMet = combiner === "OR" || found.every((violations) => violations.length > 0);
    for (const [index, violations] of found.entries()) {
      const condition = conditions[index];
      if (!isMet || !condition || condition.kind === "log") continue;
      for (const each of violations) causes.set(`${index}/${each.group}`, summaryOf(condition, each));
    }
    return causes;
  }

  #aggregate(condition: ThresholdCondition, now: number): readonly Aggregated[] {
    const { burnRate: asked } = condition;
    if (!asked) return aggregate(condition, this.#series, now);
    const objective = this.#findObjective(asked.objective);
    const value = objective && burnRate(objective, this.#series, now - asked.lookbackMs);
    return value === undefined ? [] : [{ group: "", value }];
  }

  /** Whether a metric that has said something says nothing any more: one group, of the seconds since. */
  #silent({ filter, durationMs }: AbsenceCondition, now: number): readonly Aggregated[] {
    const points = this.#series.find(filter.matches, 0).flatMap((found) => found.points);
    const last = Math.max(...points.map(({ at }) => at));
    return points.length > 0 && now - last >= durationMs ? [{ group: "", value: (now - last) / 1000 }] : [];
  }

  /** One on logs, or one whose series tells nothing any more, ends by itself after a while. */
  #isOver(incident: Incident, now: number): boolean {
    const condition = this.policy.conditions[Number.parseInt(incident.cause, 10)];
    const group = incident.cause.slice(incident.cause.indexOf("/") + 1);
    const hasData =
      condition?.kind === "absence" ||
      (condition?.kind === "threshold" &&
        this.#aggregate(condition, now).some((aggregated) => aggregated.group === group));
    return hasData || now - incident.seenAt >= this.policy.autoCloseMs;
  }
}

function summaryOf(condition: ThresholdCondition | AbsenceCondition, { group, value }: Aggregated): string {
  if (condition.kind === "absence") return `${condition.displayName}: nothing for ${Math.floor(value)} s`;
  const { displayName, comparison, threshold } = condition;
  const sign = comparison === "COMPARISON_LT" ? "<" : ">";
  const where = group === "" ? "" : ` (${group})`;
  return `${displayName}: ${Number(value.toFixed(3))} ${sign} ${threshold}${where}`;
}

function extreme({ comparison }: ThresholdCondition, values: readonly Aggregated[]): number | null {
  if (values.length === 0) return null;
  const numbers = values.map(({ value }) => value);
  return comparison === "COMPARISON_LT" ? Math.min(...numbers) : Math.max(...numbers);
}

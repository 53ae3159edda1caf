import { textOf } from "../../kernel/property-values.ts";
import type { ExportedEntry } from "../logging/log-entry.ts";
import type { AlertPolicy, Condition, ThresholdCondition } from "./alert-policy.ts";
import type { IncidentLifecycle } from "./incident-lifecycle.ts";
import type { Incident } from "./incidents.ts";
import type { SeriesStore } from "./series.ts";
import { type Aggregated, aggregate, ThresholdWatch } from "./threshold.ts";

/** One policy in force: judges its conditions, and opens and closes the incidents that come of them. */
export class PolicyWatch {
  readonly policy: AlertPolicy;
  /** Metrics that its thresholds ask for. */
  readonly metrics: readonly string[];
  readonly #series: SeriesStore;
  readonly #incidents: IncidentLifecycle;
  readonly #watches: readonly ThresholdWatch[];
  readonly #values: (number | null)[];

  constructor(policy: AlertPolicy, series: SeriesStore, incidents: IncidentLifecycle) {
    this.policy = policy;
    this.metrics = policy.conditions.flatMap((condition) =>
      condition.kind === "threshold" ? condition.filter.metric : [],
    );
    this.#series = series;
    this.#incidents = incidents;
    this.#watches = policy.conditions.map(() => new ThresholdWatch());
    this.#values = policy.conditions.map(() => null);
  }

  /** Of each condition, the value furthest beyond, or closest to, the threshold at the last look; null without data. */
  get values(): readonly (number | null)[] {
    return this.#values;
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
      const aggregated = aggregate(condition, this.#series, now);
      this.#values[index] = extreme(condition, aggregated);
      return this.#watches[index]?.violations(condition, aggregated, now) ?? [];
    });
    const causes = new Map<string, string>();
    const isMet = combiner === "OR" || found.every((violations) => violations.length > 0);
    for (const [index, violations] of found.entries()) {
      const condition = conditions[index];
      if (!isMet || condition?.kind !== "threshold") continue;
      for (const each of violations) causes.set(`${index}/${each.group}`, summaryOf(condition, each));
    }
    return causes;
  }

  /** One on logs, or one whose series tells nothing any more, ends by itself after a while. */
  #isOver(incident: Incident, now: number): boolean {
    const condition = this.policy.conditions[Number.parseInt(incident.cause, 10)];
    const group = incident.cause.slice(incident.cause.indexOf("/") + 1);
    const hasData =
      condition?.kind === "threshold" &&
      aggregate(condition, this.#series, now).some((aggregated) => aggregated.group === group);
    return hasData || now - incident.seenAt >= this.policy.autoCloseMs;
  }
}

function summaryOf(
  { displayName, comparison, threshold }: ThresholdCondition,
  { group, value }: Aggregated,
): string {
  const sign = comparison === "COMPARISON_LT" ? "<" : ">";
  const where = group === "" ? "" : ` (${group})`;
  return `${displayName}: ${Number(value.toFixed(3))} ${sign} ${threshold}${where}`;
}

function extreme({ comparison }: ThresholdCondition, values: readonly Aggregated[]): number | null {
  if (values.length === 0) return null;
  const numbers = values.map(({ value }) => value);
  return comparison === "COMPARISON_LT" ? Math.min(...numbers) : Math.max(...numbers);
}

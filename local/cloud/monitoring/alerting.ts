import type { ExportedEntry } from "../logging/log-entry.ts";
import type { Logging } from "../logging/logging.ts";
import type { Kernel, OpenIncident, Part } from "../parts.ts";
import { objectOf, textOf } from "../property-values.ts";
import { type Clock, SteadyClock } from "../pubsub/clock.ts";
import {
  type AlertPolicy,
  CHANNEL_KIND,
  type Condition,
  POLICY_KIND,
  parsePolicy,
  type ThresholdCondition,
} from "./alert-policy.ts";
import { type Incident, Incidents, type Notification } from "./incidents.ts";
import { LOG_METRIC_KIND, LogMetrics } from "./log-metrics.ts";
import { countEntry, type MetricParts, readMetric } from "./metrics.ts";
import { SeriesStore } from "./series.ts";
import { type Aggregated, aggregate, ThresholdWatch } from "./threshold.ts";

/** Google looks once a minute; a person at a desk waits for less. */
const EVALUATION_MS = 10_000;
const SHOWN_NOTIFICATIONS = 5;
/** Labels by which channels name their recipient. */
const RECIPIENT_LABELS = ["email_address", "channel_name", "topic", "number", "url"];

export interface AlertingOptions {
  readonly clock?: Clock;
}

/** A policy as `alerts list` shows it. */
export interface PolicyStatus {
  readonly name: string;
  readonly displayName: string;
  readonly severity: string;
  readonly state: "ok" | "firing" | "disabled";
  /** RFC 3339; of the oldest open incident. */
  readonly since: string | null;
  readonly conditions: readonly {
    readonly displayName: string;
    readonly kind: "threshold" | "log";
    /** The value furthest beyond, or closest to, the threshold at the last look; null without data. */
    readonly value: number | null;
    readonly threshold: number | null;
  }[];
  /** The newest first. */
  readonly notifications: readonly (Omit<Notification, "at"> & { readonly at: string })[];
}

interface Watched {
  readonly policy: AlertPolicy;
  readonly watches: readonly ThresholdWatch[];
  readonly values: (number | null)[];
}

/**
 * Cloud Monitoring's alerts: evaluates the program's alert policies on metrics and logs that the
 * cloud itself has. Incidents go to the log and to `status`; notifications are kept, and sent nowhere.
 *
 * How long a value has been beyond a threshold is counted anew after a restart; an open incident stays open.
 */
export class Alerting implements Part {
  readonly name = "monitoring";
  readonly #kernel: Kernel;
  readonly #logging: Pick<Logging, "onEntry">;
  readonly #parts: MetricParts;
  readonly #clock: Clock;
  readonly #incidents: Incidents;
  readonly #series = new SeriesStore();
  readonly #logMetrics: LogMetrics;
  readonly #ends: (() => void)[] = [];
  #watched = new Map<string, Watched>();
  #isFailing = false;

  constructor(
    kernel: Kernel & { readonly logging: Pick<Logging, "onEntry" | "write"> },
    parts: Omit<MetricParts, "resources">,
    { clock = new SteadyClock() }: AlertingOptions = {},
  ) {
    this.#kernel = kernel;
    this.#logging = kernel.logging;
    this.#parts = { resources: kernel.resources, ...parts };
    this.#clock = clock;
    this.#incidents = new Incidents(kernel.db);
    this.#logMetrics = new LogMetrics(kernel.resources);
  }

  async start(): Promise<void> {
    const { resources } = this.#kernel;
    for (const { id } of resources.list(POLICY_KIND)) this.#follow(id);
    this.#ends.push(
      resources.subscribe((kind, id) => {
        if (kind === POLICY_KIND) this.#follow(id);
        if (kind === LOG_METRIC_KIND) this.#logMetrics.refresh();
      }),
      this.#logging.onEntry((entry, source) => {
        // What alerts themselves say must not raise the next one.
        if (source !== this.name) this.#safely(() => this.#take(entry));
      }),
    );
    this.#expect();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
  }

  policies(): readonly PolicyStatus[] {
    return this.#kernel.resources.list(POLICY_KIND).map(({ id, properties }) => {
      const watched = this.#watched.get(id);
      const open = this.#incidents.listOpen(id);
      return {
        name: id,
        displayName: textOf(properties.displayName) ?? id,
        severity: textOf(properties.severity) ?? "",
        state: !watched ? "disabled" : open.length > 0 ? "firing" : "ok",
        since: open[0] ? iso(open[0].openedAt) : null,
        conditions: (watched?.policy.conditions ?? []).map((condition, index) => ({
          displayName: condition.displayName,
          kind: condition.kind,
          value: watched?.values[index] ?? null,
          threshold: condition.kind === "threshold" ? condition.threshold : null,
        })),
        notifications: this.#incidents
          .notifications(id, SHOWN_NOTIFICATIONS)
          .map((each) => ({ ...each, at: iso(each.at) })),
      };
    });
  }

  incidents(): readonly OpenIncident[] {
    return this.#incidents.listOpen().map(({ policy, summary, openedAt }) => ({
      policy: this.#watched.get(policy)?.policy.displayName ?? policy,
      severity: this.#watched.get(policy)?.policy.severity ?? "",
      summary,
      openedAt: iso(openedAt),
    }));
  }

  /** Looks at every metric that a policy asks for, and judges the policies by it. */
  evaluate(): void {
    const now = this.#clock.now();
    const metrics = new Set(
      [...this.#watched.values()].flatMap(({ policy }) =>
        policy.conditions.flatMap((condition) =>
          condition.kind === "threshold" ? condition.filter.metric : [],
        ),
      ),
    );
    for (const metric of metrics) {
      for (const { value, ...series } of readMetric(metric, this.#parts, now)) {
        this.#series.add(series, { at: now, value });
      }
    }
    for (const watched of this.#watched.values()) this.#judge(watched, now);
  }

  #expect(): void {
    const cancel = this.#clock.after(EVALUATION_MS, () => {
      this.#ends.splice(this.#ends.indexOf(cancel), 1);
      this.#safely(() => this.evaluate());
      this.#expect();
    });
    this.#ends.push(cancel);
  }

  /** A full disk, for one, must not reach whoever logs; told once until it works again. */
  #safely(work: () => void): void {
    try {
      work();
      this.#isFailing = false;
    } catch (error) {
      const message = `Alert policies could not be evaluated: ${error instanceof Error ? error.message : error}`;
      if (!this.#isFailing) this.#kernel.logging.write({ severity: "ERROR", source: this.name, message });
      this.#isFailing = true;
    }
  }

  /** Takes over a policy as it is now. */
  #follow(id: string): void {
    const resource = this.#kernel.resources.get(POLICY_KIND, id);
    this.#watched.delete(id);
    try {
      const policy = resource && parsePolicy(resource);
      if (policy) {
        const watches = policy.conditions.map(() => new ThresholdWatch());
        this.#watched.set(id, { policy, watches, values: policy.conditions.map(() => null) });
        return;
      }
    } catch (error) {
      // A provider refuses these first; one from before the rule was known is not evaluated.
      const message = `The alert policy ${id} is not evaluated: ${error instanceof Error ? error.message : error}.`;
      this.#kernel.logging.write({ severity: "ERROR", source: this.name, message });
    }
    for (const incident of this.#incidents.listOpen(id)) this.#incidents.close(incident, this.#clock.now());
  }

  #take(entry: ExportedEntry): void {
    const at = this.#clock.now();
    const policies = [...this.#watched.values()];
    const asked = new Set(
      policies.flatMap(({ policy }) =>
        policy.conditions.flatMap((condition) =>
          condition.kind === "threshold" ? condition.filter.metric : [],
        ),
      ),
    );
    const counted = [...asked].flatMap((metric) => countEntry(metric, entry) ?? []);
    for (const { value, ...series } of [...counted, ...this.#logMetrics.count(entry)]) {
      if (asked.has(series.metric.type)) this.#series.add(series, { at, value });
    }
    for (const { policy } of policies) {
      for (const [index, condition] of policy.conditions.entries()) {
        if (condition.kind === "log" && condition.matches(entry))
          this.#matched(policy, index, condition, entry, at);
      }
    }
  }

  #matched(
    policy: AlertPolicy,
    index: number,
    condition: Condition,
    entry: ExportedEntry,
    now: number,
  ): void {
    const cause = `${index}`;
    const open = this.#incidents.listOpen(policy.name).find((incident) => incident.cause === cause);
    const said = entry.textPayload ?? textOf(entry.jsonPayload?.message) ?? entry.logName;
    if (!open) {
      this.#open(policy, cause, `${condition.displayName}: ${said}`, now);
      return;
    }
    const isDue = now - open.notifiedAt >= policy.rateLimitMs;
    this.#incidents.see(open, now, isDue);
    if (isDue) this.#notify(policy, open, "opened", now);
  }

  #judge({ policy, watches, values }: Watched, now: number): void {
    const found = policy.conditions.map((condition, index) => {
      if (condition.kind === "log") return [];
      const aggregated = aggregate(condition, this.#series, now);
      values[index] = extreme(condition, aggregated);
      return watches[index]?.violations(condition, aggregated, now) ?? [];
    });
    const causes = new Map<string, string>();
    const isMet = policy.combiner === "OR" || found.every((violations) => violations.length > 0);
    for (const [index, violations] of found.entries()) {
      const condition = policy.conditions[index];
      if (!isMet || condition?.kind !== "threshold") continue;
      for (const each of violations) causes.set(`${index}/${each.group}`, summaryOf(condition, each));
    }
    const open = this.#incidents.listOpen(policy.name);
    for (const [cause, summary] of causes) {
      const before = open.find((incident) => incident.cause === cause);
      if (before) this.#incidents.see(before, now, false);
      else this.#open(policy, cause, summary, now);
    }
    for (const incident of open) {
      if (!causes.has(incident.cause) && this.#isOver(policy, incident, now))
        this.#close(policy, incident, now);
    }
  }

  /** One on logs, or one whose series tells nothing any more, ends by itself after a while. */
  #isOver(policy: AlertPolicy, incident: Incident, now: number): boolean {
    const condition = policy.conditions[Number.parseInt(incident.cause, 10)];
    const group = incident.cause.slice(incident.cause.indexOf("/") + 1);
    const hasData =
      condition?.kind === "threshold" &&
      aggregate(condition, this.#series, now).some((aggregated) => aggregated.group === group);
    return hasData || now - incident.seenAt >= policy.autoCloseMs;
  }

  #open(policy: AlertPolicy, cause: string, summary: string, now: number): void {
    const incident = this.#incidents.open(policy.name, cause, summary, now);
    this.#say(policy, policy.severity, `Incident opened: ${policy.displayName}: ${summary}`, incident);
    this.#notify(policy, incident, "opened", now);
  }

  #close(policy: AlertPolicy, incident: Incident, now: number): void {
    this.#incidents.close(incident, now);
    this.#say(policy, "NOTICE", `Incident closed: ${policy.displayName}: ${incident.summary}`, incident);
    this.#notify(policy, incident, "closed", now);
  }

  #notify(policy: AlertPolicy, incident: Incident, event: Notification["event"], now: number): void {
    for (const name of policy.channels) {
      const channel = this.#kernel.resources.get(CHANNEL_KIND, name)?.properties;
      if (!channel || channel.enabled === false) continue;
      const labels = objectOf(channel.labels);
      const label = RECIPIENT_LABELS.find((candidate) => labels[candidate] !== undefined) ?? "";
      this.#incidents.keep({
        incident: incident.id,
        policy: policy.name,
        event,
        channel: name,
        type: textOf(channel.type) ?? "",
        recipient: textOf(labels[label]) ?? "",
        subject: `[ALERT${event === "closed" ? " - closed" : ""}] ${policy.displayName}: ${incident.summary}`,
        at: now,
      });
    }
  }

  #say(policy: AlertPolicy, severity: AlertPolicy["severity"], message: string, incident: Incident): void {
    const { id } = incident;
    this.#kernel.logging.write({ severity, source: this.name, message, incident: id, policy: policy.name });
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

function iso(at: number): string {
  return new Date(at).toISOString();
}

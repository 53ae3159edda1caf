import type { Kernel, OpenIncident, Part } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import type { ExportedEntry } from "../logging/log-entry.ts";
import type { Logging } from "../logging/logging.ts";
import { type Clock, SteadyClock } from "../pubsub/clock.ts";
import { POLICY_KIND, parsePolicy } from "./alert-policy.ts";
import { IncidentLifecycle } from "./incident-lifecycle.ts";
import { Incidents, type Notification } from "./incidents.ts";
import { LOG_METRIC_KIND, LogMetrics } from "./log-metrics.ts";
import { countEntry, isDistribution, type MetricParts, readMetric } from "./metrics.ts";
import { findObjective } from "./objective.ts";
import { PolicyWatch } from "./policy-watch.ts";
import { SeriesStore } from "./series.ts";

/** Google looks once a minute; a person at a desk waits for less. */
const EVALUATION_MS = 10_000;
const SHOWN_NOTIFICATIONS = 5;

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
    readonly kind: "threshold" | "log" | "absence";
    /** The value furthest beyond, or closest to, the threshold at the last look; null without data. */
    readonly value: number | null;
    readonly threshold: number | null;
  }[];
  /** The newest first. */
  readonly notifications: readonly (Omit<Notification, "at"> & { readonly at: string })[];
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
  readonly #lifecycle: IncidentLifecycle;
  readonly #series = new SeriesStore();
  readonly #logMetrics: LogMetrics;
  readonly #ends: (() => void)[] = [];
  readonly #watches = new Map<string, PolicyWatch>();
  #isFailing = false;

  constructor(
    kernel: Kernel & { readonly logging: Pick<Logging, "onEntry" | "write"> },
    parts: Omit<MetricParts, "resources">,
    { clock = new SteadyClock() }: AlertingOptions = {},
  ) {
    const { db, resources, logging } = kernel;
    const incidents = new Incidents(db);
    this.#kernel = kernel;
    this.#logging = logging;
    this.#parts = { resources, ...parts };
    this.#clock = clock;
    this.#incidents = incidents;
    this.#lifecycle = new IncidentLifecycle({ db, incidents, resources, logging, source: this.name });
    this.#logMetrics = new LogMetrics(resources);
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
      const watch = this.#watches.get(id);
      const open = this.#incidents.listOpen(id);
      return {
        name: id,
        displayName: textOf(properties.displayName) ?? id,
        severity: textOf(properties.severity) ?? "",
        state: !watch ? "disabled" : open.length > 0 ? "firing" : "ok",
        since: open[0] ? iso(open[0].openedAt) : null,
        conditions: (watch?.policy.conditions ?? []).map((condition, index) => ({
          displayName: condition.displayName,
          kind: condition.kind,
          value: watch?.values[index] ?? null,
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
      policy: this.#watches.get(policy)?.policy.displayName ?? policy,
      severity: this.#watches.get(policy)?.policy.severity ?? "",
      summary,
      openedAt: iso(openedAt),
    }));
  }

  /** Looks at every metric that a policy asks for, and judges the policies by it. */
  evaluate(): void {
    const now = this.#clock.now();
    for (const metric of this.#asked()) {
      for (const { value, ...series } of readMetric(metric, this.#parts, now)) {
        this.#series.add(series, { at: now, value });
      }
    }
    for (const watch of this.#watches.values()) watch.judge(now);
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
    this.#watches.delete(id);
    try {
      const policy = resource && parsePolicy(resource);
      if (policy) {
        const objectives = (name: string) => findObjective(this.#kernel.resources, name);
        this.#watches.set(id, new PolicyWatch(policy, this.#series, this.#lifecycle, objectives));
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
    const asked = this.#asked();
    const counted = [...asked].flatMap((metric) => countEntry(metric, entry) ?? []);
    for (const { value, ...series } of [...counted, ...this.#logMetrics.count(entry)]) {
      const { type } = series.metric;
      if (!asked.has(type)) continue;
      if (isDistribution(type)) this.#series.add(series, { at, value });
      else this.#series.count(series, { at, value });
    }
    for (const watch of this.#watches.values()) watch.take(entry, at);
  }

  /** The metrics that some policy asks for. */
  #asked(): ReadonlySet<string> {
    return new Set([...this.#watches.values()].flatMap(({ metrics }) => metrics));
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

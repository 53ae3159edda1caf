import type { ResourceStore } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import { compileFilter, type Matcher } from "../logging/filter.ts";
import type { ExportedEntry } from "../logging/log-entry.ts";
import { type Sample, USER_METRICS } from "./metrics.ts";

export const LOG_METRIC_KIND = "gcp:logging/metric:Metric";

/** Metrics that count the entries which match a filter. @see https://cloud.google.com/logging/docs/logs-based-metrics */
export class LogMetrics {
  readonly #resources: ResourceStore;
  #metrics: readonly { readonly type: string; readonly matches: Matcher }[] | undefined;

  constructor(resources: ResourceStore) {
    this.#resources = resources;
  }

  /** After a change of the resources. */
  refresh(): void {
    this.#metrics = undefined;
  }

  count(entry: ExportedEntry): readonly Sample[] {
    this.#metrics ??= this.#resources.list(LOG_METRIC_KIND).flatMap(({ id, properties }) => {
      const filter = textOf(properties.filter);
      if (filter === undefined || properties.disabled === true) return [];
      return [{ type: `${USER_METRICS}${textOf(properties.name) ?? id}`, matches: compileFilter(filter) }];
    });
    return this.#metrics
      .filter(({ matches }) => matches(entry))
      .map(({ type }) => ({ metric: { type, labels: {} }, resource: entry.resource, value: 1 }));
  }
}

import type { MonitoredResource } from "../logging/log-entry.ts";

/** Points that one series keeps: half a day of one a minute, or an hour and more of a busy counter's. */
const MOST_POINTS = 1_000;
/** Series at once; those beyond are not kept. */
const MOST_SERIES = 2_000;

/** What a metric says of one resource. @see https://cloud.google.com/monitoring/api/ref_v3/rest/v3/TimeSeries */
export interface Series {
  readonly metric: MonitoredResource;
  readonly resource: MonitoredResource;
}

export interface Point {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly value: number;
}

/** Time series in memory, bounded: what monitoring saw since the cloud started. */
export class SeriesStore {
  readonly #series = new Map<string, { readonly series: Series; points: Point[] }>();

  add(series: Series, point: Point): void {
    const key = JSON.stringify([series.metric.type, series.metric.labels, series.resource]);
    let kept = this.#series.get(key);
    if (!kept) {
      if (this.#series.size >= MOST_SERIES) return;
      kept = { series, points: [] };
      this.#series.set(key, kept);
    }
    kept.points.push(point);
    if (kept.points.length > MOST_POINTS) kept.points = kept.points.slice(-MOST_POINTS / 2);
  }

  /** The series that match, each with its points after `since`. */
  find(
    matches: (series: Series) => boolean,
    since: number,
  ): readonly { readonly series: Series; readonly points: readonly Point[] }[] {
    return [...this.#series.values()]
      .filter(({ series }) => matches(series))
      .map(({ series, points }) => ({ series, points: points.filter(({ at }) => at > since) }));
  }
}

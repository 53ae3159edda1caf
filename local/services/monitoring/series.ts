import type { MonitoredResource } from "../logging/log-entry.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Points that one series keeps: over an hour of one every ten seconds, or six hours of a busy counter's. */
const MOST_POINTS = 1_000;
/** Room that is made at once, so that it need not be made for each point. */
const ROOM = 100;
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
  readonly #series = new Map<string, { readonly series: Series; readonly points: Point[] }>();

  /** One value of many, each of which tells something: of a gauge, or of a distribution. */
  add(series: Series, point: Point): void {
    const points = this.#pointsOf(series);
    points?.push(point);
    if (points && points.length > MOST_POINTS) points.splice(0, MOST_POINTS / 2);
  }

  /** What a counter counted. A busy one's points are those of a second, and the older half's those of a minute. */
  count(series: Series, point: Point): void {
    const points = this.#pointsOf(series);
    if (!points) return;
    addUp(points, point, SECOND_MS);
    if (points.length <= MOST_POINTS) return;
    const minutes: Point[] = [];
    for (const each of points.splice(0, MOST_POINTS / 2)) addUp(minutes, each, MINUTE_MS);
    points.unshift(...minutes);
    points.splice(0, Math.max(0, points.length + ROOM - MOST_POINTS));
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

  /** Nothing when there are too many series already. */
  #pointsOf(series: Series): Point[] | undefined {
    const key = JSON.stringify([series.metric.type, series.metric.labels, series.resource]);
    const kept = this.#series.get(key);
    if (kept) return kept.points;
    if (this.#series.size >= MOST_SERIES) return undefined;
    const points: Point[] = [];
    this.#series.set(key, { series, points });
    return points;
  }
}

/** Adds a count to the last point if that is of the same second, or minute. */
function addUp(points: Point[], { at, value }: Point, spanMs: number): void {
  const last = points.at(-1);
  if (!last || Math.floor(last.at / spanMs) !== Math.floor(at / spanMs)) points.push({ at, value });
  else points[points.length - 1] = { at, value: last.value + value };
}

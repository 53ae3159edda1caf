import { duration } from "../terminal/durations.ts";

/** Of all that are to be done, and how long the rest takes. */
export interface Pace {
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
  /** What one domain costs of the limit that binds. */
  readonly writesEach: number;
  readonly writesPerHour: number;
}

const HOUR_MS = 3_600_000;

/**
 * How long the rest takes: at the pace so far, or at the pace that the limit allows where that is the slower
 * one. An hour's writes may all be made at once, so a good start is no measure of what follows.
 */
export function remainingMs({ done, total, elapsedMs, writesEach, writesPerHour }: Pace): number {
  const measuredMs = done === 0 ? 0 : (elapsedMs / done) * (total - done);
  return Math.max(measuredMs, limitedMs((total - done) * writesEach, writesPerHour));
}

/** How long so many writes take from a full hour's allowance on. */
export function limitedMs(writes: number, writesPerHour: number): number {
  return Math.max(0, writes / writesPerHour - 1) * HOUR_MS;
}

/** "12 of 300, about 5 min left". */
export function progressLine(pace: Pace): string {
  const { done, total } = pace;
  return done === total
    ? `${done} of ${total}`
    : `${done} of ${total}, about ${duration(remainingMs(pace))} left`;
}

import { Cron } from "croner";

/** When a schedule is due next, in milliseconds since the epoch; nothing for a date that never comes. */
export function nextRun(schedule: string, timeZone: string, after: number): number | undefined {
  return new Cron(schedule, { timezone: timeZone, mode: "5-part" }).nextRun(new Date(after))?.getTime();
}

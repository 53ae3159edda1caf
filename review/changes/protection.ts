import type { Finding, Rule } from "./finding.ts";
import { segmentsOf, valueAt } from "./property-paths.ts";
import { capitalised, shown, subject } from "./wording.ts";

/** An input that keeps something, and when it keeps less than before. */
interface Guard {
  readonly path: string;
  isWeaker(before: unknown, after: unknown): boolean;
  readonly effect: string;
}

const isOff = (before: unknown, after: unknown) => before === true && after !== true;
const isOn = (before: unknown, after: unknown) => before !== true && after === true;
const isGone = (before: unknown, after: unknown) => before !== undefined && after === undefined;
const isLess = (before: unknown, after: unknown) => secondsOf(after) < secondsOf(before);

const GUARDS: readonly Guard[] = [
  { path: "deletionProtection", isWeaker: isOff, effect: "its service would let it be deleted" },
  { path: "deletionProtectionEnabled", isWeaker: isOff, effect: "its service would let it be deleted" },
  {
    path: "deletionPolicy",
    isWeaker: (before, after) => before === "PREVENT" && after !== before,
    effect: "its service would let it be deleted",
  },
  { path: "preventDestroy", isWeaker: isOff, effect: "its provider would let it be deleted" },
  { path: "forceDestroy", isWeaker: isOn, effect: "a deletion would take what it holds with it" },
  {
    path: "deleteContentsOnDestroy",
    isWeaker: isOn,
    effect: "a deletion would take what it holds with it",
  },
  {
    path: "deletionPolicy",
    isWeaker: (before, after) => before === "ABANDON" && after !== before,
    effect: "its service would no longer keep it when the program lets go of it",
  },
  { path: "paused", isWeaker: isOn, effect: "what it starts would no longer be started" },
  { path: "versioning.enabled", isWeaker: isOff, effect: "what is overwritten or deleted would be gone" },
  {
    path: "softDeletePolicy.retentionDurationSeconds",
    isWeaker: isLess,
    effect: "what is deleted could be brought back for a shorter time",
  },
  { path: "retentionPolicy", isWeaker: isGone, effect: "objects could be deleted before their time" },
  { path: "retentionPolicy.isLocked", isWeaker: isOff, effect: "its retention could be shortened" },
  { path: "retentionPolicy.retentionPeriod", isWeaker: isLess, effect: "objects could be deleted earlier" },
  {
    path: "destroyScheduledDuration",
    isWeaker: isLess,
    effect: "a key version could be saved for a shorter time",
  },
  { path: "settings.backupConfiguration.enabled", isWeaker: isOff, effect: "there would be no backups" },
];

/** What would stand less in the way of a loss than before. */
export const lessProtection: Rule = ({ urn, outcome, before, after }) => {
  if (before === undefined || after === undefined) return [];
  const who = capitalised(subject(urn));
  const kept: Finding[] = [];
  if (before.protect && !after.protect) {
    const sentence = `${who} would no longer be protected: an update could delete or replace it.`;
    kept.push({ urn, kind: "protection", sentence });
  }
  if (outcome !== "replace" && before.retainOnDelete && !after.retainOnDelete) {
    const sentence = `${who} would no longer stay at its service when the program lets go of it.`;
    kept.push({ urn, kind: "protection", sentence });
  }
  const weaker = GUARDS.flatMap(({ path, isWeaker, effect }): readonly Finding[] => {
    const [old, next] = [before, after].map((state) => valueAt(state.inputs, path));
    if (!isWeaker(old, next)) return [];
    const names = segmentsOf(path);
    const sentence = `${who}: ${effect} (${path}: ${shown(old, names)} → ${shown(next, names)}).`;
    return [{ urn, kind: "protection", sentence }];
  });
  return [...kept, ...weaker];
};

/** Of seconds, `604800s` and numbers alike; without a limit, no time at all. */
function secondsOf(value: unknown): number {
  if (typeof value === "number") return value;
  const [, seconds] = /^(\d+(?:\.\d+)?)s?$/.exec(typeof value === "string" ? value : "") ?? [];
  return seconds === undefined ? 0 : Number(seconds);
}

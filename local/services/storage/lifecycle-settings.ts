import { z } from "zod";
import type { ObjectVersion } from "./object-version.ts";

const DAY_MS = 86_400_000;

/** What a rule may ask of a generation; all that it asks must hold. Days are whole, dates begin at midnight UTC. */
const conditionSchema = z.object({
  age: z.number().optional(),
  sendAgeIfZero: z.boolean().optional(),
  createdBefore: z.string().optional(),
  customTimeBefore: z.string().optional(),
  daysSinceCustomTime: z.number().optional(),
  sendDaysSinceCustomTimeIfZero: z.boolean().optional(),
  daysSinceNoncurrentTime: z.number().optional(),
  sendDaysSinceNoncurrentTimeIfZero: z.boolean().optional(),
  noncurrentTimeBefore: z.string().optional(),
  numNewerVersions: z.number().optional(),
  sendNumNewerVersionsIfZero: z.boolean().optional(),
  matchesPrefixes: z.array(z.string()).optional(),
  matchesSuffixes: z.array(z.string()).optional(),
  matchesStorageClasses: z.array(z.string()).optional(),
  sizeAboveBytes: z.number().optional(),
  sizeBelowBytes: z.number().optional(),
  withState: z.enum(["LIVE", "ARCHIVED", "ANY"]).optional(),
});

/** Pulumi's `lifecycleRules`. */
export const lifecycleSchema = z.array(
  z.object({
    action: z.object({ type: z.string(), storageClass: z.string().optional() }),
    condition: conditionSchema,
  }),
);

export type LifecycleRule = z.infer<typeof lifecycleSchema>[number];
type Condition = LifecycleRule["condition"];

/** A generation, and what of it only its neighbours tell. */
export interface Candidate {
  readonly version: ObjectVersion;
  readonly storageClass: string;
  /** Generations of the same name above it, the live one among them. */
  readonly newerVersions: number;
}

export type LifecycleAction =
  | { readonly type: "Delete" }
  | { readonly type: "SetStorageClass"; readonly storageClass: string };

/** From the warmest: a rule only ever cools an object down. */
const COOLING = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
/** Names of old for what is standard today. */
const LEGACY = new Set(["MULTI_REGIONAL", "REGIONAL", "DURABLE_REDUCED_AVAILABILITY"]);

/**
 * What the rules ask for now: a deletion goes before a class, and of classes the coldest wins.
 * `AbortIncompleteMultipartUpload` is about uploads of the XML API, of which there are none here.
 *
 * @see https://cloud.google.com/storage/docs/lifecycle
 */
export function actionFor(
  candidate: Candidate,
  rules: readonly LifecycleRule[],
  now: number,
): LifecycleAction | undefined {
  const due = rules.filter(({ condition }) => holds(condition, candidate, now));
  if (due.some(({ action }) => action.type === "Delete")) return { type: "Delete" };
  const [coldest] = due
    .flatMap(({ action }) => (action.type === "SetStorageClass" ? [action.storageClass ?? ""] : []))
    .filter((storageClass) => coldness(storageClass) > coldness(candidate.storageClass))
    .sort((one, other) => coldness(other) - coldness(one));
  return coldest === undefined ? undefined : { type: "SetStorageClass", storageClass: coldest };
}

function holds(
  condition: Condition,
  { version, storageClass, newerVersions }: Candidate,
  now: number,
): boolean {
  const { name, timeCreated, timeDeleted, attributes } = version;
  const isLive = timeDeleted === undefined;
  const checks = [
    olderThan(days(condition.age, condition.sendAgeIfZero), timeCreated, now),
    before(condition.createdBefore, timeCreated),
    olderThan(
      days(condition.daysSinceCustomTime, condition.sendDaysSinceCustomTimeIfZero),
      attributes.customTime,
      now,
    ),
    before(condition.customTimeBefore, attributes.customTime),
    olderThan(
      days(condition.daysSinceNoncurrentTime, condition.sendDaysSinceNoncurrentTimeIfZero),
      timeDeleted,
      now,
    ),
    before(condition.noncurrentTimeBefore, timeDeleted),
    atLeast(days(condition.numNewerVersions, condition.sendNumNewerVersionsIfZero), newerVersions),
    anyOf(condition.matchesPrefixes, (prefix) => name.startsWith(prefix)),
    anyOf(condition.matchesSuffixes, (suffix) => name.endsWith(suffix)),
    anyOf(condition.matchesStorageClasses, (wanted) => wanted === storageClass),
    atLeast(condition.sizeAboveBytes === undefined ? undefined : condition.sizeAboveBytes + 1, version.size),
    condition.sizeBelowBytes === undefined ? undefined : version.size < condition.sizeBelowBytes,
    condition.withState === undefined || condition.withState === "ANY"
      ? undefined
      : (condition.withState === "LIVE") === isLive,
  ].filter((check) => check !== undefined);
  // A rule without a condition would hold for everything: the API has none such.
  return checks.length > 0 && checks.every(Boolean);
}

/** The provider leaves out a zero that isn't asked for by name. */
function days(value: number | undefined, sendZero: boolean | undefined): number | undefined {
  return value === 0 && !sendZero ? undefined : (value ?? (sendZero ? 0 : undefined));
}

function olderThan(limit: number | undefined, since: string | undefined, now: number): boolean | undefined {
  if (limit === undefined) return undefined;
  return since !== undefined && now - Date.parse(since) >= limit * DAY_MS;
}

function before(date: string | undefined, time: string | undefined): boolean | undefined {
  if (date === undefined || date === "") return undefined;
  return time !== undefined && Date.parse(time) < Date.parse(`${date}T00:00:00Z`);
}

function atLeast(limit: number | undefined, count: number): boolean | undefined {
  return limit === undefined ? undefined : count >= limit;
}

function anyOf<T>(values: readonly T[] | undefined, matches: (value: T) => boolean): boolean | undefined {
  return values === undefined || values.length === 0 ? undefined : values.some(matches);
}

function coldness(storageClass: string): number {
  return LEGACY.has(storageClass) ? 0 : COOLING.indexOf(storageClass);
}

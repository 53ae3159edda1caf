import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { WriteOptions } from "../../google/object-store.ts";
import { type OpenProblem, PROBLEMS, type Problem } from "./alerts.ts";

export const PROBLEMS_PREFIX = "alerts/";

const MAX_SENTENCE_LENGTH = 1_000;
const SUBJECT = /^[^/\s]{1,253}$/;

/** Names of channels, in order; metadata holds text alone. */
const channels = z.string().transform((text) => text.split(",").filter((channel) => channel !== ""));

/**
 * One problem of one subject, with whom it has been told. That it is one object makes it impossible
 * to lose or repeat a notice: what is to be told is what differs between the problem and who has heard.
 */
const storedProblemSchema = z.object({
  subject: z.string(),
  problem: z.enum(PROBLEMS),
  what: z.string(),
  since: z.iso.datetime(),
  /** Absent while it is open. */
  clearedAt: z.iso.datetime().optional(),
  /** Channels that have heard that it opened. */
  toldOpened: channels,
  /** Channels that have heard that it is over. */
  toldOver: channels,
});
export type StoredProblem = z.output<typeof storedProblemSchema>;

/** @throws {TypeError} for a subject that cannot be a part of an object's name. */
export function subjectPrefix(subject: string): string {
  if (!SUBJECT.test(subject))
    throw new TypeError(`A subject must be one word; got ${JSON.stringify(subject)}.`);
  return `${PROBLEMS_PREFIX}${subject}/`;
}

export function problemName(subject: string, problem: Problem): string {
  return `${subjectPrefix(subject)}${problem}.json`;
}

/** An object's content and its custom metadata, which hold the same, so that a listing needs no reads. */
export function written(stored: StoredProblem): readonly [string, WriteOptions] {
  const { clearedAt, toldOpened, toldOver, ...texts } = stored;
  const metadata = {
    ...texts,
    ...(clearedAt !== undefined && { clearedAt }),
    toldOpened: toldOpened.join(","),
    toldOver: toldOver.join(","),
  };
  // Of several who write the same at once, one alone is to find his own bytes.
  return [JSON.stringify({ ...metadata, by: randomUUID() }), { metadata }];
}

/** @throws {TypeError} naming the object. */
export function problemOf(name: string, metadata: unknown): StoredProblem {
  const parsed = storedProblemSchema.safeParse(metadata);
  if (!parsed.success) throw new TypeError(`Metadata of "${name}": ${parsed.error.message}`);
  return parsed.data;
}

export function opened(subject: string, problem: Problem, what: string, at: Date): StoredProblem {
  return { subject, problem, what: cut(what), since: at.toISOString(), toldOpened: [], toldOver: [] };
}

/**
 * A problem that is back. For whoever has not heard of its end it never ended: one that comes and goes
 * is told once.
 */
export function reopened(stored: StoredProblem, what: string, at: Date): StoredProblem {
  const { clearedAt: _clearedAt, ...kept } = stored;
  return {
    ...kept,
    what: cut(what),
    since: stored.toldOver.length === 0 ? stored.since : at.toISOString(),
    toldOpened: stored.toldOpened.filter((channel) => !stored.toldOver.includes(channel)),
    toldOver: [],
  };
}

export function openProblem({ subject, problem, what, since }: StoredProblem): OpenProblem {
  return { subject, problem, what, since };
}

function cut(what: string): string {
  return what.length <= MAX_SENTENCE_LENGTH ? what : `${what.slice(0, MAX_SENTENCE_LENGTH - 1)}…`;
}

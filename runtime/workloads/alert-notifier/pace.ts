import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";

/** Outside of the problems' own prefix. */
const PACE_NAME = "alert-notifier/pace.json";
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MAX_PAUSE_MS = 30 * MINUTE_MS;

const noticeSchema = z.object({ at: z.iso.datetime(), isSummary: z.boolean() });
const channelPaceSchema = z.object({
  /** What was told within the hour, by `TOLD PROBLEM`; oldest first. */
  notices: z.record(z.string(), z.array(noticeSchema)).default({}),
  /** Rounds in a row that the channel failed in. */
  failures: z.number().int().default(0),
  /** Nothing is told before. */
  resumeAt: z.iso.datetime().optional(),
});
const paceSchema = z.record(z.string(), channelPaceSchema);

export type ChannelPace = z.output<typeof channelPaceSchema>;
/** By the channel's name. */
export type Pace = z.output<typeof paceSchema>;

export const UNPACED: ChannelPace = { notices: {}, failures: 0 };

/** Notices of one kind that the channel had within the hour. */
export function recentNotices(pace: ChannelPace, kind: string, at: Date): ChannelPace["notices"][string] {
  return (pace.notices[kind] ?? []).filter((notice) => at.getTime() - Date.parse(notice.at) < HOUR_MS);
}

export function isPaused({ resumeAt }: ChannelPace, at: Date): boolean {
  return resumeAt !== undefined && Date.parse(resumeAt) > at.getTime();
}

export function afterNotice(pace: ChannelPace, kind: string, isSummary: boolean, at: Date): ChannelPace {
  const recent = recentNotices(pace, kind, at);
  return {
    failures: 0,
    notices: { ...pace.notices, [kind]: [...recent, { at: at.toISOString(), isSummary }] },
  };
}

/** Twice as long after each failure in a row, up to half an hour; or as the channel asks. */
export function afterFailure(pace: ChannelPace, at: Date, until?: Date): ChannelPace {
  const failures = pace.failures + 1;
  const pauseMs = failures === 1 ? 0 : Math.min(MAX_PAUSE_MS, MINUTE_MS * 2 ** (failures - 2));
  const resumeAt = until ?? new Date(at.getTime() + pauseMs);
  return { ...pace, failures, resumeAt: resumeAt.toISOString() };
}

/** Where the notifier, alone, keeps its pace. What is lost of it costs a notice too many. */
export class StoredPace {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async load(): Promise<{ readonly pace: Pace; readonly generation: string | undefined }> {
    const object = await this.#objects.read(PACE_NAME);
    if (!object) return { pace: {}, generation: undefined };
    return {
      pace: paceSchema.parse(JSON.parse(object.bytes.toString("utf8"))),
      generation: object.generation,
    };
  }

  async save(pace: Pace, generation: string | undefined): Promise<void> {
    const text = JSON.stringify(pace);
    if (generation === undefined) await this.#objects.create(PACE_NAME, text);
    else await this.#objects.replace(PACE_NAME, text, generation);
  }
}

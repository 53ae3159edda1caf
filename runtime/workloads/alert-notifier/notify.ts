import type { ListedProblem, Mark, UntoldProblems } from "../../certificates/alerts/untold-problems.ts";
import type { Logger } from "../../workload/logger.ts";
import { messageOf } from "../../workload/thrown.ts";
import { type Channel, ChannelBusy, NoticeRefused } from "./channel.ts";
import { plannedNotices } from "./notices.ts";
import { afterFailure, afterNotice, type ChannelPace, isPaused, type StoredPace, UNPACED } from "./pace.ts";

/** Of one channel in one round: what is left is told in the next. */
const MOST_NOTICES = 50;
const MOST_NAMED = 10;

export interface NotifierPorts {
  readonly problems: UntoldProblems;
  readonly pace: StoredPace;
  readonly channels: readonly Channel[];
  readonly now: () => Date;
}

export interface NotifierRound {
  readonly logger: Logger;
  /** Aborts when no further notice is to be begun. */
  readonly signal: AbortSignal;
}

/**
 * Tells every channel what it has not heard yet. Channels know nothing of each other: one that fails is
 * asked again in a later round, and all others hear in time. What was told is written down at the end.
 *
 * @returns how many notices each channel took.
 */
export async function notify(
  { problems, pace, channels, now }: NotifierPorts,
  round: NotifierRound,
): Promise<Readonly<Record<string, number>>> {
  const { problems: listed, unreadable } = await problems.list();
  if (unreadable.length > 0) {
    round.logger.error(
      { objects: unreadable.slice(0, MOST_NAMED) },
      `${unreadable.length} problems are unreadable`,
    );
  }
  if (listed.length === 0) return {};
  const paces = await pace.load();
  const marks = new Map<ListedProblem, Mark[]>();
  const counts: Record<string, number> = {};
  const next = { ...paces.pace };

  await Promise.all(
    channels.map(async (channel) => {
      const before = paces.pace[channel.name] ?? UNPACED;
      const told = await tellChannel(channel, listed, before, now, round, marks);
      if (told.pace !== before) next[channel.name] = told.pace;
      if (told.count > 0) counts[channel.name] = told.count;
    }),
  );
  // What all have heard the end of, since the one that had not is configured no more, needs no notice to go.
  for (const each of listed) if (problems.isOver(each.stored)) marks.set(each, []);
  await Promise.all([pace.save(next, paces.generation), problems.settle(marks)]);
  return counts;
}

async function tellChannel(
  channel: Channel,
  listed: readonly ListedProblem[],
  before: ChannelPace,
  now: () => Date,
  { logger, signal }: NotifierRound,
  marks: Map<ListedProblem, Mark[]>,
): Promise<{ readonly pace: ChannelPace; readonly count: number }> {
  let pace = before;
  let count = 0;
  if (isPaused(pace, now())) return { pace, count };
  for (const notice of plannedNotices(listed, channel.name, pace, now()).slice(0, MOST_NOTICES)) {
    if (signal.aborted) break;
    try {
      await channel.tell(notice);
    } catch (error) {
      const { problem, subjects } = notice;
      const about = { channel: channel.name, problem, subject: subjects[0]?.subject };
      if (error instanceof NoticeRefused) {
        logger.error({ error, ...about }, `${channel.name} refused a notice`);
        continue;
      }
      const until = error instanceof ChannelBusy ? error.until : undefined;
      pace = afterFailure(pace, now(), until);
      logger.warn({ ...about, outcome: "retry", reason: messageOf(error) }, `${channel.name} took no notice`);
      break;
    }
    count++;
    pace = afterNotice(pace, notice.kind, notice.isSummary, now());
    for (const each of notice.listed) {
      const made = marks.get(each) ?? [];
      marks.set(each, [...made, { channel: channel.name, told: notice.told }]);
    }
  }
  return { pace, count };
}

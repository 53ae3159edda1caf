import { type ListedProblem, untoldOf } from "../../certificates/alerts/untold-problems.ts";
import type { Notice } from "./channel.ts";
import { type ChannelPace, recentNotices } from "./pace.ts";

/** As many of one kind are told one by one within an hour; what comes beyond is summed up. */
const MOST_SINGLES = 10;
/** Between two summaries of one kind. */
const SUMMARY_MS = 15 * 60_000;

export interface PlannedNotice extends Notice {
  /** Of pace: notices of one kind are those that say the same of the same problem. */
  readonly kind: string;
  readonly listed: readonly ListedProblem[];
}

/**
 * What a channel is to be told now, in the order in which it happened. A flood becomes one summary,
 * whether it comes at once or one by one: what would be too many notices waits for the next summary.
 */
export function plannedNotices(
  problems: readonly ListedProblem[],
  channel: string,
  pace: ChannelPace,
  at: Date,
): readonly PlannedNotice[] {
  const kinds = new Map<string, ListedProblem[]>();
  for (const listed of problems) {
    const told = untoldOf(listed.stored, channel);
    if (!told) continue;
    const kind = `${told} ${listed.stored.problem}`;
    const members = kinds.get(kind);
    if (members) members.push(listed);
    else kinds.set(kind, [listed]);
  }
  return [...kinds]
    .flatMap(([kind, listed]) => ofKind(kind, listed.toSorted(byTime(channel)), pace, channel, at))
    .sort((a, b) => timeOf(a.listed[0], channel).localeCompare(timeOf(b.listed[0], channel)));
}

function ofKind(
  kind: string,
  listed: readonly ListedProblem[],
  pace: ChannelPace,
  channel: string,
  at: Date,
): readonly PlannedNotice[] {
  const recent = recentNotices(pace, kind, at);
  const lastSummary = recent.findLast(({ isSummary }) => isSummary);
  if (lastSummary && at.getTime() - Date.parse(lastSummary.at) < SUMMARY_MS) return [];
  const isFlood = recent.length + listed.length > MOST_SINGLES;
  return (isFlood ? [listed] : listed.map((each) => [each])).flatMap((members) => {
    const [first] = members;
    const told = first && untoldOf(first.stored, channel);
    if (!told) return [];
    const { problem } = first.stored;
    const subjects = members.map(({ stored }) => stored);
    return [{ kind, told, problem, subjects, isSummary: isFlood, listed: members }];
  });
}

function byTime(channel: string) {
  return (a: ListedProblem, b: ListedProblem) => timeOf(a, channel).localeCompare(timeOf(b, channel));
}

/** When what the channel has not heard yet happened. All times are in one form, so that they sort as text. */
function timeOf(listed: ListedProblem | undefined, channel: string): string {
  if (!listed) return "";
  const { stored } = listed;
  return untoldOf(stored, channel) === "over" ? (stored.clearedAt ?? "") : stored.since;
}

import type { Problem } from "../../certificates/alerts/alerts.ts";
import type { StoredProblem } from "../../certificates/alerts/stored-problem.ts";
import type { Told } from "../../certificates/alerts/untold-problems.ts";

/** One thing to tell: a problem of one subject, or a summary of one problem that many have. */
export interface Notice {
  readonly told: Told;
  readonly problem: Problem;
  /** At least one, first one first. */
  readonly subjects: readonly StoredProblem[];
  readonly isSummary: boolean;
}

/** A channel that asks for a pause: nothing is to be told before `until`. */
export class ChannelBusy extends Error {
  readonly code = "CHANNEL_BUSY";
  readonly until: Date;

  constructor(channel: string, until: Date) {
    super(`${channel} takes nothing before ${until.toISOString()}.`);
    this.name = "ChannelBusy";
    this.until = until;
  }
}

/** A notice that the channel will never take as it is, while others may pass. */
export class NoticeRefused extends Error {
  readonly code = "NOTICE_REFUSED";
}

/** Where people hear of problems. */
export interface Channel {
  /** Of stored problems' lists of who knows: never to change. */
  readonly name: string;
  /** Bounded in time. @throws {ChannelBusy} @throws {NoticeRefused} @throws {Error} for now, or for good. */
  tell(notice: Notice): Promise<void>;
}

import type { Logger } from "../../workload/logger.ts";
import type { Channel } from "./channel.ts";
import { type Signposts, wordingOf } from "./wording.ts";

/** The log: a record of every notice, also where no other channel is configured. */
export function logChannel(logger: Logger, signposts: Signposts): Channel {
  return {
    name: "log",
    async tell(notice) {
      const { title, subject, what, since } = wordingOf(notice, signposts);
      const { problem, told, subjects } = notice;
      const line = { alert: { problem, told, subject, count: subjects.length, what, since } };
      if (told === "opened") logger.warn(line, `${title}: ${subject}`);
      else logger.info(line, `${title}: ${subject}`);
    },
  };
}

import { commands, kill } from "../../kernel/processes.ts";

/**
 * Ends processes whose title has `mark`: instances end with their host by themselves, unless
 * they were stuck in a loop when it was killed.
 */
export function killLeftovers(mark: string): void {
  for (const [pid, command] of commands()) {
    if (pid !== process.pid && command.includes(mark)) kill(pid);
  }
}

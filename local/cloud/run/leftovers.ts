import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

/**
 * Ends processes whose title has `mark`: instances end with their host by themselves, unless
 * they were stuck in a loop when it was killed.
 */
export function killLeftovers(mark: string): void {
  for (const [pid, command] of commands()) {
    if (pid === process.pid || !command.includes(mark)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended meanwhile.
    }
  }
}

/** From /proc, which every Linux has; `ps`, which some lack, is for macOS. */
function commands(): readonly (readonly [number, string])[] {
  if (process.platform === "linux") {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), commandOf(pid)]);
  }
  const listing = execFileSync("ps", ["-A", "-o", "pid=,command="], {
    encoding: "utf8",
    maxBuffer: MAX_LISTING_BYTES,
  });
  return listing.split("\n").map((line) => {
    const [, pid, command = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return [Number(pid), command];
  });
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

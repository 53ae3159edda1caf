import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const MAX_LISTING_BYTES = 64 * 1024 * 1024;

/** From /proc, which every Linux has; `ps`, which some lack, is for macOS. */
const HAS_PROC = process.platform === "linux";

/** Every process of this machine: its pid and its command line. */
export function commands(): readonly (readonly [number, string])[] {
  if (HAS_PROC) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), commandOf(Number(pid))]);
  }
  return ps("-A", "-o", "pid=,command=")
    .split("\n")
    .map((line) => {
      const [, pid, command = ""] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return [Number(pid), command];
    });
}

/** The command line of a process, whose parts are set apart by a NUL or a space; empty when there is none. */
export function commandOf(pid: number): string {
  try {
    return HAS_PROC ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : ps("-o", "command=", "-p", String(pid));
  } catch {
    return "";
  }
}

/** Ends a process at once. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Ended meanwhile, and the pid may be another user's by now.
  }
}

function ps(...options: readonly string[]): string {
  return execFileSync("ps", options, { encoding: "utf8", maxBuffer: MAX_LISTING_BYTES });
}

import { readFileSync } from "node:fs";

const MEGABYTE = 1_000_000;
/** Ticks a second in `/proc/PID/stat`: the kernel's USER_HZ, 100 on every architecture that Node runs on. */
const TICKS = 100;
/** Positions of utime, stime, cutime and cstime, counted behind the command's name. @see proc_pid_stat(5) */
const OWN_TIMES = [11, 12] as const;
const CHILDREN_TIMES = [13, 14] as const;

/** User and system time of a process so far, in seconds; undefined when it is gone. */
export function cpuSeconds(pid: number): number | undefined {
  return timesOf(pid, OWN_TIMES);
}

/** User and system time of all children of this process that have ended, and of theirs, in seconds. */
export function endedChildrenCpuSeconds(): number {
  return timesOf(process.pid, CHILDREN_TIMES) ?? 0;
}

/** Resident set size in MB of 10⁶ bytes; undefined when the process is gone. Counts pages that processes share in each. */
export function residentMegabytes(pid: number): number | undefined {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "") ?? [];
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / MEGABYTE;
}

/** The command's first word, as `ps` shows it. */
export function titleOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`)?.split("\0")[0] ?? "";
}

/** @throws where there is no /proc: macOS and Windows tell none of this without a tool of their own. */
export function requireProc(): void {
  if (read("/proc/self/stat") === undefined) {
    throw new Error(
      `CPU and memory of processes are read from /proc, which ${process.platform} does not have.`,
    );
  }
}

function timesOf(pid: number, positions: readonly [number, number]): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name may hold spaces and parentheses; nothing behind its end does.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return positions.reduce((sum, position) => sum + Number(fields[position]), 0) / TICKS;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

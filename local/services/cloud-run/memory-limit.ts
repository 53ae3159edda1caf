import { readFileSync } from "node:fs";

const CHECK_MS = 1000;

/**
 * Watches what a process holds, as Cloud Run's memory limit does; where there is no /proc (macOS)
 * the limit is not enforced. Returns the end of the watch.
 *
 * @param onExceeded is called once, with mebibytes.
 */
export function watchMemory(
  pid: number,
  limitBytes: number,
  onExceeded: (limit: number, used: number) => void,
): () => void {
  const timer = setInterval(() => {
    const used = residentBytes(pid);
    if (used === undefined || used <= limitBytes) return;
    clearInterval(timer);
    onExceeded(mebibytes(limitBytes), mebibytes(used));
  }, CHECK_MS).unref();
  return () => clearInterval(timer);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}

function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

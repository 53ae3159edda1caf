import { failureText, type Probe, pause, succeeds } from "./probe.ts";

/** @see https://cloud.google.com/run/docs/configuring/healthchecks "The default TCP startup probe" */
const DEFAULT_PROBE: Probe = {
  initialDelaySeconds: 0,
  periodSeconds: 240,
  timeoutSeconds: 240,
  failureThreshold: 1,
};

export interface Startup {
  readonly container: string;
  readonly port: number;
  readonly probe: Probe | undefined;
  readonly deadlineMs: number;
  /** Resolves when the process listens on its port. */
  readonly listening: Promise<void>;
  /** Aborts when the process is gone, or needed no more: then the answer means nothing. */
  readonly over: AbortSignal;
}

/**
 * Waits for a process to come up; resolves with what it failed to do, if it did. The time is that
 * of its probe, but the first question waits until the process listens: before, the answer is
 * known, and would cost a start a whole period.
 *
 * @throws what `listening` rejects with.
 */
export async function startupFailure(startup: Startup): Promise<string | undefined> {
  const { port, probe = DEFAULT_PROBE, deadlineMs, listening, over } = startup;
  const { initialDelaySeconds, periodSeconds, failureThreshold } = probe;
  const startedAt = Date.now();
  const allowedMs = Math.min(deadlineMs, (initialDelaySeconds + periodSeconds * failureThreshold) * 1000);
  if (!(await within(allowedMs, listening, over))) {
    return `did not listen on the port given by PORT=${port} within ${allowedMs / 1000} s`;
  }
  await pause(startedAt + initialDelaySeconds * 1000 - Date.now(), over);
  for (let failures = 0; failures < failureThreshold && !over.aborted; failures += 1) {
    const next = Date.now() + periodSeconds * 1000;
    if (await succeeds(probe, port)) return undefined;
    if (failures + 1 < failureThreshold) await pause(next - Date.now(), over);
  }
  return `was not started: ${failureText("STARTUP", probe, startup)}`;
}

async function within(ms: number, result: Promise<void>, over: AbortSignal): Promise<boolean> {
  const settled = new AbortController();
  const expired = pause(ms, AbortSignal.any([over, settled.signal])).then(() => false);
  return Promise.race([result.then(() => true), expired]).finally(() => settled.abort());
}

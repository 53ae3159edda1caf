import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How an instance is asked whether it is well, on its port of 127.0.0.1. */
export interface Probe {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  /** Failures in a row after which the instance is not well. */
  readonly failureThreshold: number;
  /** Without it, the port must take a connection. */
  readonly httpGet?:
    | {
        readonly path: string;
        readonly httpHeaders: readonly { readonly name: string; readonly value: string }[];
      }
    | undefined;
}

/**
 * `LIVENESS HTTP probe failed 3 times consecutively for container "api-1" on port 20001 path "/health"`,
 * as Cloud Run's logs say it.
 */
export function failureText(
  kind: "STARTUP" | "LIVENESS" | "READINESS",
  { httpGet, failureThreshold }: Probe,
  { container, port }: { readonly container: string; readonly port: number },
): string {
  const times = `${failureThreshold} ${failureThreshold === 1 ? "time" : "times"}`;
  const [how, where] = httpGet ? ["HTTP", ` path "${httpGet.path}"`] : ["TCP", ""];
  return `${kind} ${how} probe failed ${times} consecutively for container "${container}" on port ${port}${where}`;
}

/**
 * Asks once. HTTP succeeds with any status from 200 to 399.
 *
 * @see https://cloud.google.com/run/docs/configuring/healthchecks
 */
export function succeeds({ httpGet, timeoutSeconds }: Probe, port: number): Promise<boolean> {
  // The time is for the whole answer: a socket's own timeout starts anew with every byte.
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  return new Promise((resolve) => {
    if (!httpGet) {
      const socket = connect({ host: "127.0.0.1", port });
      signal.addEventListener("abort", () => socket.destroy(), { once: true });
      socket.once("connect", () => resolve(true)).once("connect", () => socket.destroy());
      socket.once("error", () => resolve(false)).once("close", () => resolve(false));
      return;
    }
    const headers = Object.fromEntries(httpGet.httpHeaders.map(({ name, value }) => [name, value]));
    const options = { host: "127.0.0.1", port, path: httpGet.path, headers, agent: false, signal } as const;
    const request = get(options, (response) => {
      response.on("error", () => undefined).resume();
      const { statusCode = 500 } = response;
      resolve(statusCode >= 200 && statusCode < 400);
    });
    request.once("error", () => resolve(false));
  });
}

export interface WatchOptions {
  /** Successes in a row after which an instance that was not well is well again. */
  readonly successThreshold: number;
  readonly onChange: (isWell: boolean) => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** Asks an instance that is well again and again, and tells each time that this changes. */
export async function watch(probe: Probe, port: number, options: WatchOptions): Promise<void> {
  const { successThreshold, onChange, signal } = options;
  let isWell = true;
  let contrary = 0;
  await pause(probe.initialDelaySeconds * 1000, signal);
  while (!signal.aborted) {
    const next = Date.now() + probe.periodSeconds * 1000;
    contrary = (await succeeds(probe, port)) === isWell ? 0 : contrary + 1;
    if (!signal.aborted && contrary === (isWell ? probe.failureThreshold : successThreshold)) {
      isWell = !isWell;
      contrary = 0;
      onChange(isWell);
    }
    await pause(next - Date.now(), signal);
  }
}

/** Ends early, without an error, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

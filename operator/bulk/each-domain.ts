import { setTimeout as delay } from "node:timers/promises";

/** What came of one domain: it is settled, or is to be tried again when a limit that all share gives way. */
export type Step<Result> =
  | { readonly kind: "settled"; readonly result: Result }
  | { readonly kind: "later"; readonly at: Date; readonly why: string };

export interface EachDomainOptions<Result> {
  /** How many at once. */
  readonly atOnce: number;
  /** Past this, what is left is left. */
  readonly deadline: Date;
  readonly signal: AbortSignal;
  /** One that throws is settled so. */
  readonly failed: (domain: string, reason: string) => Result;
  readonly onSettled?: (result: Result) => void;
  readonly onPause?: (until: Date, why: string) => void;
  readonly now?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface EachDomain<Result> {
  readonly results: readonly Result[];
  /** Neither done nor failed: the deadline, or an interruption, came first. */
  readonly left: readonly string[];
}

/**
 * Works through domains, a few at once and in their order. Where one says that a shared limit is spent,
 * all wait for it: none would get further. What has begun when `signal` aborts is still brought to its end.
 */
export async function eachDomain<Result>(
  domains: readonly string[],
  work: (domain: string) => Promise<Step<Result>>,
  options: EachDomainOptions<Result>,
): Promise<EachDomain<Result>> {
  const { atOnce, deadline, signal, failed, onSettled, onPause, now = Date.now, wait = pause } = options;
  const waiting = [...domains];
  const results: Result[] = [];
  let pausedUntil = 0;

  async function worker(): Promise<void> {
    while (!signal.aborted && now() < deadline.getTime()) {
      const restMs = Math.min(pausedUntil, deadline.getTime()) - now();
      if (restMs > 0) {
        await wait(restMs, signal);
        continue;
      }
      const domain = waiting.shift();
      if (domain === undefined) return;
      const step = await work(domain).catch(
        (error: unknown): Step<Result> => ({
          kind: "settled",
          result: failed(domain, error instanceof Error ? error.message : String(error)),
        }),
      );
      if (step.kind === "settled") {
        results.push(step.result);
        onSettled?.(step.result);
      } else {
        waiting.unshift(domain);
        if (step.at.getTime() > pausedUntil) {
          pausedUntil = step.at.getTime();
          onPause?.(step.at, step.why);
        }
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(atOnce, domains.length) }, worker));
  return { results, left: waiting };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // An interruption is no error: whoever waits sees by the signal that it came.
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

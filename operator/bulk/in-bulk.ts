import { EXIT, Failure } from "../terminal/failure.ts";
import { interruptible } from "../terminal/interruptible.ts";
import { paint, progressStream } from "../terminal/output.ts";
import { type EachDomain, eachDomain, type Step } from "./each-domain.ts";
import { progressLine } from "./progress.ts";

const AT_ONCE = 8;
/** A progress line at most so often, whatever else there is to tell. */
const TELL_EVERY_MS = 1_000;

export interface InBulkOptions<Result> {
  readonly json?: boolean | undefined;
  /** Seconds. */
  readonly timeout: number;
  /** @default 8, fewer than the issuer works on in one instance: customers' own orders go on beside them */
  readonly atOnce?: number;
  /** What one domain costs of what the CDN takes in an hour. */
  readonly writesEach: number;
  readonly writesPerHour: number;
  readonly failed: (domain: string, reason: string) => Result;
  /** What a person is told of one domain; nothing of those that went as they should. */
  readonly line: (result: Result) => string | undefined;
}

/**
 * Works through domains with progress and an ETA, a few at once, until all are settled or the time is over.
 *
 * @throws {Failure} once interrupted, after what had begun has ended: the same command goes on from there
 */
export async function inBulk<Result>(
  domains: readonly string[],
  work: (domain: string) => Promise<Step<Result>>,
  { json, timeout, atOnce = AT_ONCE, writesEach, writesPerHour, failed, line }: InBulkOptions<Result>,
): Promise<EachDomain<Result>> {
  const progress = progressStream(json);
  const startedAt = Date.now();
  let done = 0;
  let toldAt = 0;
  const tell = (text: string) => progress.write(`${text}\n`);

  const ended = await interruptible((signal) =>
    eachDomain(domains, work, {
      atOnce,
      deadline: new Date(startedAt + timeout * 1_000),
      signal,
      failed,
      onSettled: (result) => {
        done += 1;
        const said = line(result);
        if (said !== undefined) tell(said);
        const now = Date.now();
        if (now - toldAt < TELL_EVERY_MS && done < domains.length) return;
        toldAt = now;
        const pace = { done, total: domains.length, elapsedMs: now - startedAt, writesEach, writesPerHour };
        tell(paint("dim", progressLine(pace), progress));
      },
      onPause: (until, why) => tell(`Waiting until ${until.toISOString()}: ${why}`),
    }),
  );
  if (!ended.interrupted) return ended.result;
  throw new Failure(
    `Interrupted after ${done} of ${domains.length}. The same command goes on from here.`,
    EXIT.interrupted,
  );
}

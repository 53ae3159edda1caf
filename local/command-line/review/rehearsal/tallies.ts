import { performance } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Failed, RehearsedMessages, RehearsedRequests } from "../../../../review/rehearsal/rehearsal.ts";

/** The first of them tell what is wrong; the others are counted. */
const MOST_KEPT = 10;

class Failures {
  readonly first: Failed[] = [];
  count = 0;

  add(what: string, why: string, at: Date): void {
    this.count += 1;
    if (this.first.length < MOST_KEPT) this.first.push({ at: at.toISOString(), what, why });
  }
}

/** Requests of one kind: how many, which of them were dropped, and for how long none was served. */
export class RequestTally {
  readonly #kind: string;
  readonly #failures = new Failures();
  #sent = 0;
  #servedAt: number | undefined;
  #longestGapMs = 0;

  constructor(kind: string) {
    this.#kind = kind;
  }

  get sent(): number {
    return this.#sent;
  }

  /**
   * Sends one.
   * @param fault why an answer is none that the sender can use
   * @returns nothing where it was dropped
   */
  async count<Answer>(
    what: string,
    send: () => Promise<Answer>,
    fault: (answer: Answer) => string | undefined,
  ): Promise<Answer | undefined> {
    const at = new Date();
    this.#sent += 1;
    try {
      const answer = await send();
      const why = fault(answer);
      if (why === undefined) {
        this.#widenGap();
        this.#servedAt = performance.now();
        return answer;
      }
      this.#failures.add(what, why, at);
    } catch (error) {
      this.#failures.add(what, error instanceof Error ? error.message : String(error), at);
    }
    return undefined;
  }

  /** Once the last one is answered. */
  end(): RehearsedRequests {
    this.#widenGap();
    return {
      kind: this.#kind,
      sent: this.#sent,
      dropped: this.#failures.count,
      longestGapMs: Math.round(this.#longestGapMs),
      failures: this.#failures.first,
    };
  }

  #widenGap(): void {
    if (this.#servedAt === undefined) return;
    this.#longestGapMs = Math.max(this.#longestGapMs, performance.now() - this.#servedAt);
  }
}

/** What was queued of one kind, and what of it did not come to its end. */
export class ErrandTally {
  readonly #kind: string;
  readonly #failures = new Failures();
  #sent = 0;
  #done = 0;

  constructor(kind: string) {
    this.#kind = kind;
  }

  get done(): number {
    return this.#done;
  }

  /** @param run says why it did not come to its end, if so. @returns whether it did */
  async count(domain: string, run: () => Promise<string | undefined>): Promise<boolean> {
    const at = new Date();
    this.#sent += 1;
    const why = await run().catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    if (why === undefined) this.#done += 1;
    else this.#failures.add(domain, why, at);
    return why === undefined;
  }

  end(): RehearsedMessages {
    return {
      kind: this.#kind,
      sent: this.#sent,
      lost: this.#failures.count,
      failures: this.#failures.first,
    };
  }
}

/** Does something again and again, with pauses, until `signal` aborts. */
export async function steadily(
  signal: AbortSignal,
  pauseMs: number,
  act: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    await act();
    await rest(pauseMs, signal);
  }
}

/** A pause of about so long. That it is cut short is no error. */
export async function rest(aboutMs: number, signal: AbortSignal): Promise<void> {
  await delay(aboutMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}

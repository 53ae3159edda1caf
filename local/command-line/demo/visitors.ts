import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { exchange } from "../../../operator/exchange.ts";
import type { Door } from "../../../operator/target.ts";

const AT_ONCE = 4;
/** Between two requests of a visitor: a few hundred a second in all, each with a handshake of its own. */
const PAUSE_MS = 5;
const DEADLINE_MS = 10_000;
const MAX_FAILURES_KEPT = 20;

/** What visitors met until they left. */
export interface Visits {
  readonly requests: number;
  readonly failedRequests: number;
  /** Serial numbers of the certificates that they were shown, in the order of their appearance. */
  readonly seen: readonly string[];
  /** Of the first failures. */
  readonly failures: readonly string[];
}

/** Visitors who open `https://DOMAIN/` again and again, each time anew, and trust only what they should. */
export class Visitors {
  readonly #left = new AbortController();
  readonly #serials = new Set<string>();
  readonly #failures: string[] = [];
  readonly #visits: Promise<unknown>;
  #requests = 0;
  #failed = 0;

  constructor({ port, caFile, address }: Door, domain: string) {
    const ca = caFile === undefined ? undefined : readFileSync(caFile);
    const open = () =>
      exchange({
        host: address ?? domain,
        port,
        servername: domain,
        secure: true,
        ...(ca && { ca }),
        headers: { host: domain },
        path: "/",
        deadlineMs: DEADLINE_MS,
      });
    this.#visits = Promise.all(Array.from({ length: AT_ONCE }, () => this.#visit(open)));
  }

  /** Any number of times as once. */
  async leave(): Promise<Visits> {
    this.#left.abort();
    await this.#visits;
    return {
      requests: this.#requests,
      failedRequests: this.#failed,
      seen: [...this.#serials],
      failures: this.#failures,
    };
  }

  async #visit(open: () => ReturnType<typeof exchange>): Promise<void> {
    while (!this.#left.signal.aborted) {
      this.#requests += 1;
      try {
        const { status, certificate } = await open();
        if (status !== 200) this.#fail(`status ${status}`);
        if (certificate) this.#serials.add(certificate.serialNumber.toLowerCase());
      } catch (error) {
        this.#fail(error instanceof Error ? error.message : String(error));
      }
      await delay(PAUSE_MS);
    }
  }

  #fail(why: string): void {
    this.#failed += 1;
    if (this.#failures.length < MAX_FAILURES_KEPT) this.#failures.push(why);
  }
}

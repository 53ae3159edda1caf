import type { RenewalInfo } from "./certificate-authority.ts";

/** Of certificates, in one instance: what it forgets is asked for again. */
const MOST_KEPT = 20_000;

type Ask = (certificateId: string) => Promise<RenewalInfo | undefined>;

/**
 * Windows as a CA gave them, each kept until the CA's `Retry-After` says that asking again is of use.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9773#section-4.3
 */
export class RenewalWindows {
  readonly #ask: Ask;
  readonly #now: () => Date;
  /** Oldest first. */
  readonly #kept = new Map<string, RenewalInfo>();

  constructor(ask: Ask, now: () => Date = () => new Date()) {
    this.#ask = ask;
    this.#now = now;
  }

  /** @param asksAnew whether what is kept is passed over @throws what the CA does */
  async of(certificateId: string, asksAnew = false): Promise<RenewalInfo | undefined> {
    const kept = this.#kept.get(certificateId);
    if (kept?.retryAfter && kept.retryAfter > this.#now() && !asksAnew) return kept;
    this.#kept.delete(certificateId);
    const window = await this.#ask(certificateId);
    if (window?.retryAfter) this.#keep(certificateId, window);
    return window;
  }

  #keep(certificateId: string, window: RenewalInfo): void {
    this.#kept.set(certificateId, window);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

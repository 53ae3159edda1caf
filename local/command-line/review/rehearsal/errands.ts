import type { DomainResource } from "../../../../operator/api-client.ts";
import { ask, certificateOf } from "../../../../operator/certificates/certificate-api.ts";
import type { RehearsedMessages, RehearsedRenewals } from "../../../../review/rehearsal/rehearsal.ts";
import type { CountedApi } from "./counted-api.ts";
import { ErrandTally, rest } from "./tallies.ts";

const LOOK_MS = 300;
const NOT_FOUND = 404;

/** Whether it is done, or why it never will be. */
type Look = () => Promise<{ readonly done: true } | { readonly waits: string } | { readonly failed: string }>;

/**
 * What customers and operators ask the API for and the platform does later, by messages between its stages: what the
 * API then tells of the domain shows the end of it.
 */
export class Errands {
  readonly #api: CountedApi;
  /** Whoever still waits then, waits for nothing. */
  readonly #late: AbortSignal;
  readonly #registrations = new ErrandTally("registrations");
  readonly #verifications = new ErrandTally("verifications");
  readonly #removals = new ErrandTally("removals");
  readonly #renewals = new ErrandTally("renewals");

  constructor(api: CountedApi, late: AbortSignal) {
    this.#api = api;
    this.#late = late;
  }

  /** Whether each kind but renewals has come to its end once. */
  get areSeen(): boolean {
    return [this.#registrations, this.#verifications, this.#removals].every(({ done }) => done > 0);
  }

  register(domain: string): Promise<boolean> {
    return this.#registrations.count(domain, async () => {
      await this.#api.call("POST", "/v1/domains", { domain });
      return this.#end(async () => {
        const seen = await this.#find(domain);
        if (!seen) return { failed: "it is not registered any more" };
        if (seen.state === "active") return { done: true };
        if (seen.state === "failed") return { failed: `it failed: ${seen.reason}` };
        return { waits: `it is ${seen.state}` };
      });
    });
  }

  /** Has the issuer look after its certificate. */
  verify(domain: string): Promise<boolean> {
    return this.#verifications.count(domain, async () => {
      const asked = await ask(this.#api, domain, "verify");
      if (asked.kind === "refused") return `it was refused: ${asked.why}`;
      return this.#end(async () => {
        const finding = (await certificateOf(this.#api, domain))?.finding;
        return finding?.request === asked.request
          ? { done: true }
          : { waits: "the issuer said nothing of it" };
      });
    });
  }

  remove(domain: string): Promise<boolean> {
    return this.#removals.count(domain, async () => {
      // One whose answer was lost may have done it.
      await this.#api.send("DELETE", pathOf(domain));
      return this.#end(async () => {
        const seen = await this.#find(domain);
        return seen ? { waits: `it is ${seen.state}` } : { done: true };
      });
    });
  }

  renew(domain: string): Promise<boolean> {
    return this.#renewals.count(domain, async () => {
      await this.#api.call("POST", `${pathOf(domain)}/certificate:renew`);
      return this.#end(async () => {
        const seen = await this.#find(domain);
        if (!seen) return { failed: "it is not registered any more" };
        if (seen.isRenewing) return { waits: seen.reason ?? "its renewal is under way" };
        const isLive = seen.phases.some(({ phase }) => phase === "active");
        return isLive ? { done: true } : { failed: seen.reason ?? `it is ${seen.state}` };
      });
    });
  }

  /** Has a domain checked, of whose end nobody hears but Pub/Sub. */
  async check(domain: string): Promise<void> {
    await this.#api.call("POST", `${pathOf(domain)}/certificate:check`);
  }

  /** Once all have come to their end, or it is too late. */
  end(): { readonly messages: readonly RehearsedMessages[]; readonly renewals: RehearsedRenewals } {
    const { sent, lost, failures } = this.#renewals.end();
    return {
      messages: [this.#registrations, this.#verifications, this.#removals].map((tally) => tally.end()),
      renewals: { started: sent, failed: lost, failures },
    };
  }

  async #find(domain: string): Promise<DomainResource | undefined> {
    const { status, body } = await this.#api.send("GET", pathOf(domain));
    return status === NOT_FOUND ? undefined : (body as DomainResource);
  }

  async #end(look: Look): Promise<string | undefined> {
    const since = Date.now();
    for (;;) {
      const seen = await look();
      if ("done" in seen) return undefined;
      if ("failed" in seen) return seen.failed;
      await rest(LOOK_MS, this.#late);
      if (this.#late.aborted) return `${seen.waits} after ${Math.round((Date.now() - since) / 1000)} s`;
    }
  }
}

function pathOf(domain: string): string {
  return `/v1/domains/${domain}`;
}

import type { Hono } from "hono";
import { KnownAccounts } from "../../../certificates/acme/known-accounts.ts";
import { openAlerts } from "../../../certificates/alerts/stored-alerts.ts";
import type { Budgets } from "../../../certificates/budgets/budgets.ts";
import { type Limits, limitsSchema } from "../../../certificates/budgets/limits.ts";
import { openBudgets } from "../../../certificates/budgets/shared-budgets.ts";
import type { Answer } from "../../../certificates/dns/dns-lookup.ts";
import { HeardEvents } from "../../../certificates/events/testing/heard-events.ts";
import { openPlatformKey } from "../../../certificates/keys/platform-key.ts";
import { Ownership, type OwnershipMethod } from "../../../certificates/ownership/ownership.ts";
import { openRegistry } from "../../../certificates/registry/bucket-registry.ts";
import { openFindings } from "../../../certificates/registry/findings.ts";
import type { Phase } from "../../../certificates/registry/lifecycle.ts";
import { PublishFailed } from "../../../google/publisher.ts";
import { MemoryObjectStore } from "../../../google/testing/memory-object-store.ts";
import { SYSTEM_CLOCK } from "../../../workload/clock.ts";
import { createLogger } from "../../../workload/logger.ts";
import { createDomainApi } from "../app.ts";
import { PageTokens } from "../page-tokens.ts";

export const ALICE = "alice@customers.example";
export const BOB = "bob@customers.example";
export const VIEWER = "viewer@platform.example";
export const OPERATOR = "operator@platform.example";
const AUDIENCE = "https://api.example.test";

interface Sent {
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The domain API over buckets in memory, with a clock that the test sets. */
export class TestApi {
  readonly objects = new MemoryObjectStore();
  readonly registry = openRegistry(this.objects);
  readonly findings = openFindings(this.objects);
  readonly #key = openPlatformKey(this.objects);
  readonly pageTokens = new PageTokens(this.#key);
  readonly events = new HeardEvents();
  readonly alerts = openAlerts(this.objects, () => new Date(this.now));
  /** Texts and aliases in the DNS, by name; an error is thrown by whoever asks. */
  readonly dns: Record<string, readonly string[] | Answer<string>> = {};
  readonly #lookUp = async (name: string): Promise<Answer<string>> => {
    const found = this.dns[name] ?? [];
    return "kind" in found ? found : { kind: "answer", records: found };
  };
  readonly ownership: Ownership;
  #budgets = this.#openBudgets({ registrationsPerHour: 1_000 });
  readonly validation: Sent[] = [];
  readonly issuing: Sent[] = [];
  readonly checking: Sent[] = [];
  /** What was logged. */
  readonly lines: string[] = [];
  /** What happens when they are over, which the test decides. */
  readonly deadlines = new Set<() => void>();
  now = Date.parse("2026-11-01T12:00:00.000Z");
  failPublishing = false;
  readonly app: Pick<Hono, "request" | "fetch">;

  constructor(method: OwnershipMethod = "none") {
    this.ownership = new Ownership({
      method,
      edgeHost: "edge.platform.example",
      key: this.#key,
      dns: { txt: this.#lookUp, cname: this.#lookUp },
    });
    this.app = createDomainApi({
      registry: this.registry,
      findings: this.findings,
      budgets: {
        takeRegistration: (customer) => this.#budgets.takeRegistration(customer),
        giveBackRegistration: (customer) => this.#budgets.giveBackRegistration(customer),
      },
      ownership: this.ownership,
      alerts: this.alerts,
      accounts: new KnownAccounts(this.objects, () => new Date(this.now)),
      events: this.events,
      pageTokens: this.pageTokens,
      validation: this.#topic(this.validation),
      issuing: this.#topic(this.issuing),
      checking: this.#topic(this.checking),
      audience: AUDIENCE,
      operators: [OPERATOR],
      viewers: [VIEWER],
      reservedZone: "platform.example",
      clock: {
        ...SYSTEM_CLOCK,
        after: (_ms, act) => {
          this.deadlines.add(act);
          return () => this.deadlines.delete(act);
        },
      },
      now: () => new Date(this.now),
      logger: createLogger(
        { K_SERVICE: "domain-api", K_REVISION: "domain-api-1" },
        { write: (line) => this.lines.push(line) },
      ),
    });
  }

  async call(method: string, path: string, email = ALICE, body?: unknown) {
    const response = await this.app.request(path, {
      method,
      headers: {
        authorization: bearer(email),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  }

  register(domain: string, email = ALICE) {
    return this.call("POST", "/v1/domains", email, { domain });
  }

  /** From now on, of which nothing is spent. */
  limit(limits: Partial<Limits>): void {
    this.#budgets = this.#openBudgets(limits);
  }

  /** Writes what a later stage would. */
  async journal(domain: string, orderNumber: number, phase: Phase, detail: Record<string, string> = {}) {
    await this.registry.append(domain, orderNumber, { phase, at: new Date(this.now).toISOString(), detail });
  }

  async change(domain: string, fields: object) {
    const found = await this.registry.find(domain);
    if (found === undefined) throw new Error(`${domain} is not registered`);
    await this.registry.update({ ...found.record, ...fields }, found.generation);
  }

  /** In a bucket and a time of their own, so that tests may look at all else that a registration writes. */
  #openBudgets(limits: Partial<Limits>): Budgets {
    let sleptMs = 0;
    return openBudgets({
      objects: new MemoryObjectStore(),
      limits: limitsSchema.parse(limits),
      clock: {
        now: () => new Date(this.now + sleptMs),
        sleep: async (ms) => {
          sleptMs += ms;
        },
      },
    });
  }

  #topic(sent: Sent[]) {
    return {
      publish: async (data: unknown, attributes: Readonly<Record<string, string>>) => {
        if (this.failPublishing) throw new PublishFailed("projects/p/topics/t", new Error("unavailable"));
        sent.push({ data, attributes });
      },
    };
  }
}

/** As Cloud Run passes a token on. */
export function bearer(email: string, claims: object = {}): string {
  const payload = { aud: AUDIENCE, email, email_verified: true, ...claims };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `Bearer ${part({ alg: "RS256" })}.${part(payload)}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import { checkingSchema, issuingSchema, validationSchema } from "../../runtime/certificates/messages.ts";
import { openRegistry } from "../../runtime/certificates/registry/bucket-registry.ts";
import type { DomainRecord } from "../../runtime/certificates/registry/lifecycle.ts";
import { createTrace } from "../../runtime/workload/trace.ts";
import { checkDomain } from "../../runtime/workloads/certificate-checker/check-domain.ts";
import { createHandler } from "../../runtime/workloads/certificate-issuer/handler.ts";
import type { Life } from "../../runtime/workloads/certificate-issuer/testing/life.ts";
import { listDomains } from "../../runtime/workloads/domain-api/list-domains.ts";
import { registerDomain } from "../../runtime/workloads/domain-api/register-domain.ts";
import { removeDomain } from "../../runtime/workloads/domain-api/remove-domain.ts";
import { summaryOf } from "../../runtime/workloads/domain-api/resources.ts";
import { validateDomain } from "../../runtime/workloads/domain-validator/validate-domain.ts";
import type { DomainListing } from "../../runtime/workloads/domain-watcher/domain-listing.ts";
import { createWatcher, type Seen } from "../../runtime/workloads/domain-watcher/watch-domains.ts";
import type { Subscriber } from "./pubsub.ts";
import { RememberedListing } from "./remembered-listing.ts";
import { Surroundings, type SurroundingsOptions } from "./surroundings.ts";
import { Wiring } from "./wiring.ts";

const MINUTE_MS = 60_000;
/** As each `main.ts` has it. */
const DEADLINE_MS = 110_000;
const ISSUER_DEADLINE_MS = 540_000;
/** Instances, of which each has a bound of orders that it works on at once. */
const ISSUERS = 8;
const CUSTOMER = "customer@example.test";

export interface WorldOptions extends SurroundingsOptions {
  /** Within so many minutes each domain is checked once. @default 360 */
  readonly checkMinutes?: number;
  /** What the budgets spend below. @default limits that nobody reaches */
  readonly budgetLimits?: LimitOverrides;
}

/** The platform's own handlers, in surroundings that are simulated. */
export class SimulatedWorld extends Surroundings {
  readonly wiring: Wiring;
  /** Rounds of the watcher that failed. */
  missedRounds = 0;
  readonly #checkMinutes: number;
  readonly #remembered = new RememberedListing(this.storage.bucket("registry"));

  constructor({ checkMinutes = 360, budgetLimits, ...options }: WorldOptions) {
    super(options);
    this.wiring = new Wiring(this, budgetLimits);
    this.#checkMinutes = checkMinutes;
    this.pubsub.subscribe("validation", this.validator());
    this.pubsub.subscribe("issuing", inTurn(Array.from({ length: ISSUERS }, () => this.issuer())));
    this.pubsub.subscribe("checking", this.checker());
  }

  validator(life?: Life): Subscriber {
    const ports = this.wiring.validator(life);
    return {
      deadlineMs: DEADLINE_MS,
      handle: (data, delivery) => validateDomain(ports, validationSchema.parse(data), delivery),
    };
  }

  issuer(life?: Life): Subscriber {
    const handle = createHandler(this.wiring.issuer(life));
    return {
      deadlineMs: ISSUER_DEADLINE_MS,
      handle: (data, delivery) => handle(issuingSchema.parse(data), delivery),
    };
  }

  checker(life?: Life): Subscriber {
    const ports = this.wiring.checker(life);
    return {
      deadlineMs: DEADLINE_MS,
      handle: (data, delivery) => checkDomain(ports, checkingSchema.parse(data), delivery),
    };
  }

  /** Each call is a round. */
  watcher(life?: Life, listing = this.#listing(life)): () => Promise<Seen> {
    const checking = this.topic("checking", life);
    const { now } = this.clock;
    const watch = createWatcher({ listing, checking, intervalMinutes: this.#checkMinutes, now });
    return () => watch({ trace: createTrace(), signal: new AbortController().signal });
  }

  /**
   * Lets the platform run until it is as is wanted: a round of the watcher each `roundMs`, and within a
   * minute where something is due. In the cloud it has one each minute, of which most find nothing.
   */
  async live(isEnough: () => Promise<boolean> | boolean, roundMs = MINUTE_MS): Promise<void> {
    const watch = this.watcher();
    while (!(await isEnough())) {
      const dueMs = roundMs === MINUTE_MS ? roundMs : await this.#untilDue();
      await this.clock.sleep(Math.min(roundMs, Math.max(MINUTE_MS, dueMs)));
      // What a round missed, the next one takes.
      await watch().catch(() => this.missedRounds++);
    }
  }

  /** As a customer's call of the domain API does. */
  register(domain: string, customer = CUSTOMER) {
    return registerDomain(this.wiring.api(), this.#scopeOf(customer), domain);
  }

  remove(domain: string, customer = CUSTOMER) {
    return removeDomain(this.wiring.api(), this.#scopeOf(customer), domain);
  }

  /** As somebody who goes on asking until he has an answer. */
  async insist(ask: () => Promise<unknown>): Promise<void> {
    for (;;) {
      const isAnswered = await ask().then(
        () => true,
        () => false,
      );
      if (isAnswered) return;
      await this.clock.sleep(MINUTE_MS);
    }
  }

  get registry() {
    return openRegistry(this.storage.bucket("registry"));
  }

  /** Of all domains. */
  async records(): Promise<readonly DomainRecord[]> {
    const records: DomainRecord[] = [];
    let pageToken: string | undefined;
    do {
      const page = await this.registry.list({ pageSize: 1_000, ...(pageToken && { pageToken }) });
      records.push(...page.records);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return records;
  }

  /**
   * Every domain that is not as it should be: active, and with its certificate at the edge.
   *
   * @param expected so many must be registered
   */
  async unserved(expected = 0): Promise<readonly string[]> {
    const records = await this.records();
    const unserved = records
      .filter(({ domain, lifecycle }) => lifecycle !== "active" || !this.fastly.served(domain))
      .map(({ domain, lifecycle, reason }) => `${domain} is ${lifecycle}${reason ? `: ${reason}` : ""}`);
    const missing = expected - records.length;
    return missing > 0 ? [...unserved, `${missing} are not registered`] : unserved;
  }

  async #untilDue(): Promise<number> {
    let first = Number.POSITIVE_INFINITY;
    for await (const page of this.#remembered.pages()) {
      for (const { dueAt } of page) if (dueAt !== null) first = Math.min(first, Date.parse(dueAt));
    }
    return first - this.clock.monotonicMs();
  }

  /** What the API tells whoever may see all. */
  #listing(life?: Life): DomainListing {
    if (this.isDirect) return this.#remembered;
    const ports = this.wiring.api(life);
    const scope = this.#scopeOf("watcher@platform.example", true);
    return {
      async *pages() {
        let pageToken: string | undefined;
        do {
          const page = await listDomains(ports, scope, { pageSize: 1_000, pageToken });
          yield page.domains.map(summaryOf);
          pageToken = page.nextPageToken;
        } while (pageToken !== undefined);
      },
    };
  }

  #scopeOf(email: string, isViewer = false) {
    const caller = { email, isOperator: false, isViewer };
    return { caller, trace: createTrace(), logger: this.logger };
  }
}

/** As a service hands requests to its instances. */
function inTurn(instances: readonly Subscriber[]): Subscriber {
  const [first] = instances;
  if (!first) throw new RangeError("A service must have an instance.");
  let next = 0;
  return {
    deadlineMs: first.deadlineMs,
    handle: (data, delivery) => (instances[next++ % instances.length] ?? first).handle(data, delivery),
  };
}

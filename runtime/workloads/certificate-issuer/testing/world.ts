import { Writable } from "node:stream";
import { openAlerts } from "../../../certificates/alerts/stored-alerts.ts";
import { openCertificateBackups } from "../../../certificates/backup/certificate-backups.ts";
import { limitsSchema } from "../../../certificates/budgets/limits.ts";
import { openBudgets } from "../../../certificates/budgets/shared-budgets.ts";
import { HeardEvents } from "../../../certificates/events/testing/heard-events.ts";
import { openFastlyDomains } from "../../../certificates/fastly/fastly-domains.ts";
import { openFastlyTls } from "../../../certificates/fastly/fastly-tls.ts";
import type { Issuing } from "../../../certificates/messages.ts";
import { openRegistry } from "../../../certificates/registry/bucket-registry.ts";
import { openFindings } from "../../../certificates/registry/findings.ts";
import type { DomainRecord } from "../../../certificates/registry/lifecycle.ts";
import { TestCertificateAuthority } from "../../../certificates/testing/certificate-authority.ts";
import { TestFastly } from "../../../certificates/testing/fastly.ts";
import { TestIssuingKey } from "../../../certificates/testing/issuing-key.ts";
import { TestKeyWrapper } from "../../../google/testing/key-wrapper.ts";
import { MemoryObjectStore } from "../../../google/testing/memory-object-store.ts";
import { SYSTEM_CLOCK } from "../../../workload/clock.ts";
import { createLogger } from "../../../workload/logger.ts";
import type { Outcome } from "../../../workload/outcome.ts";
import { DomainLeases } from "../domain-leases.ts";
import { createHandler } from "../handler.ts";
import type { IssuerPorts } from "../ports.ts";
import { type Crash, Life } from "./life.ts";

const LEASE_AND_MORE_MS = 21_000;

/** Everything around the issuer: buckets, KMS and CA in memory, Fastly over HTTP, and a clock. */
export class TestWorld {
  readonly registryObjects = new MemoryObjectStore();
  /** Apart from the registry's, so that tests may look at all that an order writes there. */
  readonly budgetObjects = new MemoryObjectStore();
  readonly challengeObjects = new MemoryObjectStore();
  readonly backupObjects = new MemoryObjectStore();
  readonly registry = openRegistry(this.registryObjects);
  readonly wrapper = new TestKeyWrapper();
  readonly fastly: TestFastly;
  readonly ca: TestCertificateAuthority;
  readonly events = new HeardEvents();
  /** The edge, which shows at once what Fastly has. */
  readonly edge: IssuerPorts["edge"] = { certificate: async (domain) => this.fastly.served(domain) };
  /** Every log line. */
  logs = "";
  readonly #endpoint: string;
  readonly #ended = new AbortController();
  readonly #logger = createLogger(
    { K_SERVICE: "certificate-issuer", K_REVISION: "certificate-issuer-1" },
    new Writable({
      write: (chunk, _encoding, done) => {
        this.logs += chunk;
        done();
      },
    }),
  );
  #skewMs = 0;

  private constructor(fastly: TestFastly, endpoint: string, issuer: TestIssuingKey) {
    this.fastly = fastly;
    this.#endpoint = endpoint;
    this.ca = new TestCertificateAuthority(issuer, this.challengeObjects);
  }

  static async create(issuer?: TestIssuingKey): Promise<TestWorld> {
    const fastly = new TestFastly();
    return new TestWorld(fastly, await fastly.start(), issuer ?? (await TestIssuingKey.create()));
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.fastly.stop();
  }

  async register(domain: string, record: Partial<DomainRecord> = {}): Promise<void> {
    const at = this.now().toISOString();
    await this.registry.create({
      domain,
      customer: "customer@example.test",
      lifecycle: "registered",
      orderNumber: 1,
      registeredAt: at,
      updatedAt: at,
      ...record,
    });
    const { orderNumber = 1 } = record;
    await this.registry.append(domain, orderNumber, { phase: "validated", at, detail: {} });
  }

  async change(domain: string, change: Partial<DomainRecord>): Promise<void> {
    const found = await this.registry.find(domain);
    if (!found) throw new Error(`${domain} is not registered.`);
    await this.registry.update({ ...found.record, ...change }, found.generation);
  }

  async record(domain: string): Promise<DomainRecord | undefined> {
    return (await this.registry.find(domain))?.record;
  }

  now(): Date {
    return new Date(Date.now() + this.#skewMs);
  }

  /** Past the end of whatever lease a dead process left, and of a pause between two ACME orders. */
  outliveLeases(): void {
    this.letPass(LEASE_AND_MORE_MS);
  }

  letPass(ms: number): void {
    this.#skewMs += ms;
  }

  /** A process's ports: with its life, a crash can end each call. */
  ports(life = new Life(), change: Partial<IssuerPorts> = {}): IssuerPorts {
    const registryObjects = life.wrap(this.registryObjects);
    const fastly = { endpoint: this.#endpoint, token: TestFastly.token };
    return {
      registry: openRegistry(registryObjects),
      findings: openFindings(registryObjects),
      registryObjects,
      leases: new DomainLeases(registryObjects, { ...SYSTEM_CLOCK, now: () => this.now() }),
      budgets: openBudgets({
        objects: life.wrap(this.budgetObjects),
        limits: limitsSchema.parse({}),
        clock: { now: () => this.now(), sleep: async (ms) => this.letPass(ms) },
      }),
      challenges: life.wrap(this.challengeObjects),
      backups: openCertificateBackups(life.wrap(this.backupObjects), life.wrap(this.wrapper)),
      authorities: [{ name: "test-ca", ca: life.wrap(this.ca) }],
      tls: openFastlyTls({ ...fastly, configurationId: "conf" }),
      domains: openFastlyDomains({ ...fastly, serviceId: "service" }),
      edge: this.edge,
      alerts: openAlerts(registryObjects, () => this.now()),
      events: this.events,
      now: () => this.now(),
      sleep: async (ms, signal) => {
        signal?.throwIfAborted();
        this.letPass(ms);
      },
      ...change,
    };
  }

  /** One delivery to a process of its own. */
  async deliver(
    message: Issuing,
    crash?: Crash,
    change: Partial<IssuerPorts> = {},
  ): Promise<Outcome | "died"> {
    const life = new Life(crash);
    // Crash tests deliver one at a time, so that Fastly's side of a call belongs to the last life.
    if (crash) this.fastly.around = (_call, handle) => life.around(handle);
    else this.fastly.around = (_call, handle) => handle();
    const handle = createHandler(this.ports(life, change));
    const delivery = {
      attributes: { customer: "customer@example.test" },
      logger: this.#logger,
      signal: this.#ended.signal,
    };
    // As the push route does with a throw.
    const outcome = handle(message, delivery).catch(
      (error: unknown): Outcome => ({ kind: "retry", reason: String(error) }),
    );
    return Promise.race([outcome, life.died]);
  }
}

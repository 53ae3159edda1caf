import { openAlerts } from "../../runtime/certificates/alerts/stored-alerts.ts";
import { openCertificateBackups } from "../../runtime/certificates/backup/certificate-backups.ts";
import type { Budgets } from "../../runtime/certificates/budgets/budgets.ts";
import { type LimitOverrides, limitsSchema } from "../../runtime/certificates/budgets/limits.ts";
import { openBudgets } from "../../runtime/certificates/budgets/shared-budgets.ts";
import type { DnsLookup } from "../../runtime/certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../runtime/certificates/dns/edge-addresses.ts";
import type { EdgeSight } from "../../runtime/certificates/edge/edge-sight.ts";
import { openFastlyDomains } from "../../runtime/certificates/fastly/fastly-domains.ts";
import { openFastlyTls } from "../../runtime/certificates/fastly/fastly-tls.ts";
import { openPlatformKey } from "../../runtime/certificates/keys/platform-key.ts";
import { checkingSchema, issuingSchema, validationSchema } from "../../runtime/certificates/messages.ts";
import { openRegistry } from "../../runtime/certificates/registry/bucket-registry.ts";
import { openFindings } from "../../runtime/certificates/registry/findings.ts";
import { TestFastly } from "../../runtime/certificates/testing/fastly.ts";
import { LeafSigner } from "../../runtime/certificates/testing/leaf-signer.ts";
import { openBuckets } from "../../runtime/google/bucket.ts";
import { openKeyWrapper } from "../../runtime/google/key-wrapper.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import { openTopics } from "../../runtime/google/publisher.ts";
import { MemoryKmsApi } from "../../runtime/google/testing/memory-kms-api.ts";
import { MemoryStorageApi } from "../../runtime/google/testing/memory-storage-api.ts";
import { createLogger } from "../../runtime/workload/logger.ts";
import { VirtualClock } from "../../runtime/workload/testing/virtual-clock.ts";
import { createTrace } from "../../runtime/workload/trace.ts";
import { checkDomain } from "../../runtime/workloads/certificate-checker/check-domain.ts";
import type { CheckerPorts } from "../../runtime/workloads/certificate-checker/ports.ts";
import { DomainLeases } from "../../runtime/workloads/certificate-issuer/domain-leases.ts";
import { createHandler } from "../../runtime/workloads/certificate-issuer/handler.ts";
import type { IssuerPorts } from "../../runtime/workloads/certificate-issuer/ports.ts";
import type { Life } from "../../runtime/workloads/certificate-issuer/testing/life.ts";
import { listDomains } from "../../runtime/workloads/domain-api/list-domains.ts";
import { PageTokens } from "../../runtime/workloads/domain-api/page-tokens.ts";
import { registerDomain } from "../../runtime/workloads/domain-api/register-domain.ts";
import { removeDomain } from "../../runtime/workloads/domain-api/remove-domain.ts";
import { summaryOf } from "../../runtime/workloads/domain-api/resources.ts";
import {
  type ValidatorPorts,
  validateDomain,
} from "../../runtime/workloads/domain-validator/validate-domain.ts";
import type { DomainListing } from "../../runtime/workloads/domain-watcher/domain-listing.ts";
import { createWatcher, type Seen } from "../../runtime/workloads/domain-watcher/watch-domains.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedNetwork } from "./network.ts";
import { SimulatedPubSub, type Subscriber } from "./pubsub.ts";
import { type CaLimits, SimulatedCa } from "./simulated-ca.ts";

const EDGE = ["151.101.1.57"];
const TOPICS = "projects/sim/topics";
const KEY = "projects/sim/locations/l/keyRings/r/cryptoKeys/k";
const VALIDATOR_DEADLINE_MS = 110_000;
const CHECKER_DEADLINE_MS = 110_000;
const MINUTE_MS = 60_000;
const ISSUER_DEADLINE_MS = 540_000;

export interface WorldOptions {
  readonly seed: number;
  /** How long the edge takes to show what Fastly accepted. @default 0 */
  readonly activationMs?: number;
  readonly caLimits?: CaLimits;
  readonly fastlyWritesPerHour?: number;
  /** @default 360 */
  readonly checkMinutes?: number;
  /** What the budgets spend below. @default limits that nobody reaches */
  readonly budgetLimits?: LimitOverrides;
}

const NO_LIMIT = 1_000_000;
const NO_LIMITS: LimitOverrides = {
  ordersPer3Hours: NO_LIMIT,
  certificatesPerDomainPerWeek: NO_LIMIT,
  certificatesPerNamePerWeek: NO_LIMIT,
  writesPerHour: NO_LIMIT,
  registrationsPerHour: NO_LIMIT,
};

/**
 * The platform's own handlers and adapters, with everything around them in memory and time that a seed
 * decides about: what Google, Fastly and the CA do is simulated below the adapters, so that their
 * deadlines, repetitions and preconditions are the real ones.
 */
export class SimulatedWorld {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly storage = new MemoryStorageApi(this.clock);
  readonly fastly: TestFastly;
  readonly pubsub: SimulatedPubSub;
  readonly network: SimulatedNetwork;
  readonly ca: SimulatedCa;
  /** Lines that would wake the platform's operators. */
  readonly errors: string[] = [];
  /** Domains whose name leads elsewhere. */
  readonly away = new Set<string>();
  /** Rounds of the watcher that failed. */
  missedRounds = 0;
  readonly #activationMs: number;
  readonly #checkMinutes: number;
  readonly #budgetLimits: LimitOverrides;
  /** What the edge shows, and from when on. */
  readonly #shown = new Map<string, { readonly serial: string; readonly from: number }>();
  readonly #logger = createLogger(
    { K_SERVICE: "simulation", K_REVISION: "simulation-1" },
    { write: (line) => this.errors.push(line) },
  );

  constructor({
    seed,
    activationMs = 0,
    checkMinutes = 360,
    caLimits,
    fastlyWritesPerHour,
    budgetLimits = NO_LIMITS,
  }: WorldOptions) {
    this.random = seededRandom(seed);
    this.#activationMs = activationMs;
    this.#checkMinutes = checkMinutes;
    this.#budgetLimits = budgetLimits;
    this.#logger.level = "error";
    const { now } = this.clock;
    this.fastly = new TestFastly({
      pageSize: 100,
      now,
      ...(fastlyWritesPerHour !== undefined && { writesPerHour: fastlyWritesPerHour }),
    });
    this.pubsub = new SimulatedPubSub(this.clock, this.random, this.#logger);
    const kms = new MemoryKmsApi();
    this.network = new SimulatedNetwork(this.clock, this.random, {
      storage: (url, request) => this.storage.send(url, request),
      kms: (url, request) => kms.send(url, request),
      pubsub: (url, request) => this.pubsub.send(url, request),
      fastly: (url, request) => this.fastly.send(url, request),
    });
    this.ca = new SimulatedCa(new LeafSigner(), this.storage.bucket("challenges"), now, caLimits);
    this.pubsub.subscribe("validation", this.validator());
    this.pubsub.subscribe("issuing", this.issuer());
    this.pubsub.subscribe("checking", this.checker());
  }

  /** One instance, as `main.ts` wires it. */
  validator(life?: Life): Subscriber {
    const ports = this.validatorPorts(life);
    return {
      deadlineMs: VALIDATOR_DEADLINE_MS,
      handle: (data, delivery) => validateDomain(ports, validationSchema.parse(data), delivery),
    };
  }

  issuer(life?: Life, change: Partial<IssuerPorts> = {}): Subscriber {
    const handle = createHandler({ ...this.issuerPorts(life), ...change });
    return {
      deadlineMs: ISSUER_DEADLINE_MS,
      handle: (data, delivery) => handle(issuingSchema.parse(data), delivery),
    };
  }

  checker(life?: Life): Subscriber {
    const ports = this.checkerPorts(life);
    return {
      deadlineMs: CHECKER_DEADLINE_MS,
      handle: (data, delivery) => checkDomain(ports, checkingSchema.parse(data), delivery),
    };
  }

  /** One instance; each call is a round. */
  watcher(life?: Life): () => Promise<Seen> {
    const watch = createWatcher({
      listing: this.#listing(life),
      checking: this.topics(life)(`${TOPICS}/checking`),
      intervalMinutes: this.#checkMinutes,
      now: this.clock.now,
    });
    return () => watch({ trace: createTrace(), signal: new AbortController().signal });
  }

  /** Lets the platform run, a round of the watcher each `roundMs`, until it is as is wanted. */
  async live(isEnough: () => Promise<boolean> | boolean, roundMs = MINUTE_MS): Promise<void> {
    const watch = this.watcher();
    while (!(await isEnough())) {
      await this.clock.sleep(roundMs);
      // What a round missed, the next one takes.
      await watch().catch(() => this.missedRounds++);
    }
  }

  issuerPorts(life?: Life): IssuerPorts {
    const transport = this.network.transport(life);
    const bucket = openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, transport);
    const objects = bucket("registry");
    const wrapper = openKeyWrapper({ endpoint: "http://kms.sim", key: KEY, tokens: TOKENS, transport });
    const fastly = { endpoint: "http://fastly.sim", token: TestFastly.token, transport };
    return {
      registry: openRegistry(objects),
      findings: openFindings(objects),
      registryObjects: objects,
      leases: new DomainLeases(objects, this.clock),
      budgets: this.#budgets(objects),
      challenges: bucket("challenges"),
      backups: openCertificateBackups(bucket("backups"), wrapper),
      authorities: [
        { name: "ca", ca: this.network.over("ca", this.ca, { life, local: ["keyAuthorization"] }) },
      ],
      tls: openFastlyTls({ ...fastly, configurationId: "configuration" }),
      domains: openFastlyDomains({ ...fastly, serviceId: "service" }),
      edge: this.sight(life),
      alerts: openAlerts(objects, this.clock.now),
      now: this.clock.now,
      sleep: this.clock.sleep,
    };
  }

  validatorPorts(life?: Life): ValidatorPorts {
    const transport = this.network.transport(life);
    const bucket = openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, transport);
    const fastly = { endpoint: "http://fastly.sim", token: TestFastly.token, transport };
    const isLinked = (domain: string) => this.fastly.domains.some(({ fqdn }) => fqdn === domain);
    const probe: ValidatorPorts["probe"] = {
      run: async (domain) => (isLinked(domain) ? { kind: "served" } : { kind: "wrong", saw: "status 500" }),
    };
    return {
      registry: openRegistry(bucket("registry")),
      dns: this.#lasting(this.#dns, life),
      edge: new EdgeAddresses(EDGE),
      caaIdentities: ["ca.example"],
      fastly: openFastlyDomains({ ...fastly, serviceId: "service" }),
      probe: this.#lasting(probe, life),
      issuing: this.topics(life)(`${TOPICS}/issuing`),
      now: this.clock.now,
    };
  }

  checkerPorts(life?: Life): CheckerPorts {
    const transport = this.network.transport(life);
    const objects = openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, transport)("registry");
    const topic = this.topics(life);
    const { now, sleep } = this.clock;
    return {
      registry: openRegistry(objects),
      alerts: openAlerts(objects, now),
      dnsRules: {
        dns: this.#lasting(this.#dns, life),
        edge: new EdgeAddresses(EDGE),
        caaIdentities: ["ca.example"],
        now,
      },
      sight: this.sight(life),
      ca: this.network.over("ca", this.ca, { life }),
      validation: topic(`${TOPICS}/validation`),
      issuing: topic(`${TOPICS}/issuing`),
      now,
      sleep,
    };
  }

  topics(life?: Life) {
    const transport = this.network.transport(life);
    return openTopics({ PUBSUB_ENDPOINT: "http://pubsub.sim" }, { tokens: TOKENS, transport });
  }

  /** What visitors see. */
  sight(life?: Life): EdgeSight {
    const look: EdgeSight["look"] = async (domain) => {
      const certificate = this.served(domain);
      if (!certificate) return { kind: "nothing", because: "the edge shows no certificate" };
      return { kind: "seen", certificate, status: 200 };
    };
    return this.#lasting({ look }, life);
  }

  /** The certificate that the edge shows for a domain: Fastly's, once it is everywhere. */
  served(domain: string) {
    const certificate = this.fastly.served(domain);
    if (!certificate || this.#activationMs === 0) return certificate;
    const now = this.clock.monotonicMs();
    const shown = this.#shown.get(domain);
    if (shown?.serial !== certificate.serialNumber) {
      this.#shown.set(domain, { serial: certificate.serialNumber, from: now + this.#activationMs });
      return undefined;
    }
    return shown.from <= now ? certificate : undefined;
  }

  /** As a customer's call of the domain API does. */
  register(domain: string, customer = "customer@example.test") {
    return registerDomain(this.#apiPorts(), this.#scopeOf(customer), domain);
  }

  remove(domain: string, customer = "customer@example.test") {
    return removeDomain(this.#apiPorts(), this.#scopeOf(customer), domain);
  }

  /**
   * Every domain that is not as it should be: active, and with its certificate at the edge.
   *
   * @param expected so many must be registered
   */
  async unserved(expected = 0): Promise<readonly string[]> {
    const unserved: string[] = [];
    let registered = 0;
    let pageToken: string | undefined;
    do {
      const page = await this.registry.list({ pageSize: 1_000, ...(pageToken && { pageToken }) });
      registered += page.records.length;
      for (const { domain, lifecycle, reason } of page.records) {
        const isServed = lifecycle === "active" && this.fastly.served(domain) !== undefined;
        if (!isServed) unserved.push(`${domain} is ${lifecycle}${reason ? `: ${reason}` : ""}`);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    if (registered < expected) unserved.push(`${expected - registered} are not registered`);
    return unserved;
  }

  get registry() {
    return openRegistry(this.storage.bucket("registry"));
  }

  /** Of one instance: what it has leased, its next requests spend. */
  #apiBudgets: Budgets | undefined;

  #apiPorts(life?: Life) {
    const transport = this.network.transport(life);
    const bucket = openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, transport);
    const topic = this.topics(life);
    this.#apiBudgets ??= this.#budgets(
      openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.sim" }, this.network.transport())("registry"),
    );
    return {
      registry: openRegistry(bucket("registry")),
      findings: openFindings(bucket("registry")),
      budgets: this.#apiBudgets,
      pageTokens: new PageTokens(openPlatformKey(bucket("registry"))),
      validation: topic(`${TOPICS}/validation`),
      issuing: topic(`${TOPICS}/issuing`),
      checking: topic(`${TOPICS}/checking`),
      now: this.clock.now,
    };
  }

  #budgets(objects: ObjectStore) {
    return openBudgets({ objects, limits: limitsSchema.parse(this.#budgetLimits), clock: this.clock });
  }

  /** What the API tells whoever may see all. */
  #listing(life?: Life): DomainListing {
    const ports = this.#apiPorts(life);
    const scope = this.#scopeOf("watcher@platform.example", { isViewer: true });
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

  #scopeOf(email: string, { isViewer = false } = {}) {
    const caller = { email, isOperator: false, isViewer };
    return { caller, trace: createTrace(), logger: this.#logger };
  }

  readonly #dns: DnsLookup = {
    addresses: async (name) => ({
      kind: "answer",
      records: this.away.has(name) ? ["192.0.2.1"] : EDGE,
    }),
    caa: async () => ({ kind: "answer", records: [] }),
    txt: async () => ({ kind: "answer", records: [] }),
    cname: async () => ({ kind: "answer", records: [] }),
  };

  /** A call that takes its time, and can be a process's last. */
  #lasting<Port extends object>(port: Port, life?: Life): Port {
    const slow = new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          await this.clock.sleep(20 + 40 * this.random());
          return Reflect.apply(value, target, args);
        };
      },
    });
    return life ? life.wrap(slow) : slow;
  }
}

const TOKENS = { get: async () => "token" };

import { KnownAccounts } from "../../runtime/certificates/acme/known-accounts.ts";
import { openAlerts } from "../../runtime/certificates/alerts/stored-alerts.ts";
import { openCertificateBackups } from "../../runtime/certificates/backup/certificate-backups.ts";
import type { Budgets } from "../../runtime/certificates/budgets/budgets.ts";
import { type LimitOverrides, type Limits, limitsSchema } from "../../runtime/certificates/budgets/limits.ts";
import { openBudgets } from "../../runtime/certificates/budgets/shared-budgets.ts";
import type { DnsRules } from "../../runtime/certificates/dns/check-dns.ts";
import type { DnsLookup } from "../../runtime/certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../runtime/certificates/dns/edge-addresses.ts";
import type { EdgeSight } from "../../runtime/certificates/edge/edge-sight.ts";
import { openFastlyDomains } from "../../runtime/certificates/fastly/fastly-domains.ts";
import { openFastlyTls } from "../../runtime/certificates/fastly/fastly-tls.ts";
import { openPlatformKey } from "../../runtime/certificates/keys/platform-key.ts";
import { Ownership } from "../../runtime/certificates/ownership/ownership.ts";
import { openRegistry } from "../../runtime/certificates/registry/bucket-registry.ts";
import { openFindings } from "../../runtime/certificates/registry/findings.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import type { CheckerPorts } from "../../runtime/workloads/certificate-checker/ports.ts";
import { DomainLeases } from "../../runtime/workloads/certificate-issuer/domain-leases.ts";
import type { IssuerPorts } from "../../runtime/workloads/certificate-issuer/ports.ts";
import type { Life } from "../../runtime/workloads/certificate-issuer/testing/life.ts";
import { PageTokens } from "../../runtime/workloads/domain-api/page-tokens.ts";
import type { Ports as ApiPorts } from "../../runtime/workloads/domain-api/ports.ts";
import type { ValidatorPorts } from "../../runtime/workloads/domain-validator/validate-domain.ts";
import type { Surroundings } from "./surroundings.ts";

const EDGE = ["151.101.1.57"];
const ELSEWHERE = ["192.0.2.1"];
const CA_NAME = "ca";
const CA_IDENTITY = "ca.example";

const NO_LIMIT = 1_000_000;
const NO_LIMITS: LimitOverrides = {
  ordersPer3Hours: NO_LIMIT,
  certificatesPerDomainPerWeek: NO_LIMIT,
  certificatesPerNamePerWeek: NO_LIMIT,
  writesPerHour: NO_LIMIT,
  registrationsPerHour: NO_LIMIT,
};

/** The ports of each process, as its `main.ts` wires them. With its life, a death can end each call. */
export class Wiring {
  readonly #around: Surroundings;
  /** Domains whose name leads elsewhere. */
  readonly away = new Set<string>();

  readonly #limits: Limits;
  /** Of one instance: what it has leased, its next requests spend. */
  readonly #apiBudgets: Budgets;

  constructor(around: Surroundings, limits: LimitOverrides = NO_LIMITS) {
    this.#around = around;
    this.#limits = limitsSchema.parse(limits);
    this.#apiBudgets = this.#budgets(around.bucket("registry"));
  }

  api(life?: Life): ApiPorts {
    const objects = this.#around.bucket("registry", life);
    return {
      registry: openRegistry(objects),
      findings: openFindings(objects),
      budgets: this.#apiBudgets,
      ownership: this.#ownership(objects),
      events: { publish: async () => undefined },
      alerts: openAlerts(objects, this.#around.clock.now),
      accounts: new KnownAccounts(objects, this.#around.clock.now),
      pageTokens: new PageTokens(openPlatformKey(objects)),
      validation: this.#around.topic("validation", life),
      issuing: this.#around.topic("issuing", life),
      checking: this.#around.topic("checking", life),
      now: this.#around.clock.now,
    };
  }

  validator(life?: Life): ValidatorPorts {
    const { fastly } = this.#around;
    const isLinked = (domain: string) => fastly.domains.some(({ fqdn }) => fqdn === domain);
    const probe: ValidatorPorts["probe"] = {
      run: async (domain) => (isLinked(domain) ? { kind: "served" } : { kind: "wrong", saw: "status 500" }),
    };
    const objects = this.#around.bucket("registry", life);
    return {
      registry: openRegistry(objects),
      budgets: this.#budgets(objects),
      ...this.#dnsRules(life),
      ownership: this.#ownership(objects),
      fastly: openFastlyDomains({ ...this.#around.fastlyApi(life), serviceId: "service" }),
      probe: this.#around.lasting(probe, life),
      issuing: this.#around.topic("issuing", life),
    };
  }

  issuer(life?: Life): IssuerPorts {
    const { clock } = this.#around;
    const objects = this.#around.bucket("registry", life);
    const fastly = this.#around.fastlyApi(life);
    return {
      registry: openRegistry(objects),
      findings: openFindings(objects),
      registryObjects: objects,
      leases: new DomainLeases(objects, clock),
      budgets: this.#budgets(objects),
      challenges: this.#around.bucket("challenges", life),
      backups: openCertificateBackups(this.#around.bucket("backups", life), this.#around.wrapper(life)),
      authorities: [{ name: CA_NAME, ca: this.#around.authority(life) }],
      tls: openFastlyTls({ ...fastly, configurationId: "configuration" }),
      domains: openFastlyDomains({ ...fastly, serviceId: "service" }),
      edge: this.#sight(life),
      alerts: openAlerts(objects, clock.now),
      // Nobody subscribed.
      events: { publish: async () => undefined },
      now: clock.now,
      sleep: clock.sleep,
    };
  }

  checker(life?: Life): CheckerPorts {
    const { clock } = this.#around;
    const objects = this.#around.bucket("registry", life);
    return {
      registry: openRegistry(objects),
      alerts: openAlerts(objects, clock.now),
      dnsRules: this.#dnsRules(life),
      sight: this.#sight(life),
      authorities: [{ name: "ca", ca: this.#around.authority(life) }],
      validation: this.#around.topic("validation", life),
      issuing: this.#around.topic("issuing", life),
      now: clock.now,
      sleep: clock.sleep,
    };
  }

  #budgets(objects: ObjectStore): Budgets {
    return openBudgets({ objects, limits: this.#limits, clock: this.#around.clock });
  }

  /** What visitors see. */
  #sight(life?: Life): EdgeSight {
    const look: EdgeSight["look"] = async (domain) => {
      const certificate = this.#around.served(domain);
      if (!certificate) return { kind: "nothing", because: "the edge shows no certificate" };
      return { kind: "seen", certificate, status: 200 };
    };
    const certificate: EdgeSight["certificate"] = async (domain) => this.#around.served(domain);
    return this.#around.lasting({ look, certificate }, life);
  }

  /** Nobody has to show whose a name is. */
  #ownership(objects: ObjectStore): Ownership {
    const key = openPlatformKey(objects);
    return new Ownership({ method: "none", edgeHost: "edge.sim", key, dns: this.#dns() });
  }

  #dns(life?: Life): DnsLookup {
    const dns: DnsLookup = {
      addresses: async (name) => ({ kind: "answer", records: this.away.has(name) ? ELSEWHERE : EDGE }),
      caa: async () => ({ kind: "answer", records: [] }),
      txt: async () => ({ kind: "answer", records: [] }),
      cname: async () => ({ kind: "answer", records: [] }),
    };
    return this.#around.lasting(dns, life);
  }

  #dnsRules(life?: Life): DnsRules {
    return {
      dns: this.#dns(life),
      edge: new EdgeAddresses(EDGE),
      caaIdentities: [CA_IDENTITY],
      now: this.#around.clock.now,
    };
  }
}

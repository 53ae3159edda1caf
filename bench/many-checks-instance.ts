import { X509Certificate } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { newEcdsaKey } from "../runtime/certificates/acme/account-key.ts";
import { certificateRequest } from "../runtime/certificates/acme/certificate-request.ts";
import { openAlerts } from "../runtime/certificates/alerts/stored-alerts.ts";
import { certificateFacts } from "../runtime/certificates/certificate-facts.ts";
import { EdgeAddresses } from "../runtime/certificates/dns/edge-addresses.ts";
import { openRegistry } from "../runtime/certificates/registry/bucket-registry.ts";
import { LeafSigner } from "../runtime/certificates/testing/leaf-signer.ts";
import type { ObjectStore } from "../runtime/google/object-store.ts";
import { SYSTEM_CLOCK } from "../runtime/workload/clock.ts";
import { createLogger } from "../runtime/workload/logger.ts";
import { createTrace } from "../runtime/workload/trace.ts";
import { checkDomain } from "../runtime/workloads/certificate-checker/check-domain.ts";
import type { CheckerPorts } from "../runtime/workloads/certificate-checker/ports.ts";
import type { ListedDomain } from "../runtime/workloads/domain-watcher/domain-listing.ts";
import { createWatcher } from "../runtime/workloads/domain-watcher/watch-domains.ts";
import type { ManyChecks } from "./many-checks.ts";

/** As the service has them. */
const CHECKS_AT_ONCE = 80;
const PAGE_SIZE = 1_000;
const DAY_MS = 86_400_000;
const EDGE = ["151.101.1.57"];
const MEGABYTE = 1_000_000;

const domains = Number(process.argv[2]);
const issuedAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
const validity = { notBefore: issuedAt, notAfter: new Date(issuedAt.getTime() + 90 * DAY_MS) };
/** One for all: what it costs to look at a certificate does not depend on its name. */
const chain = await new LeafSigner().signFor(certificateRequest("www.shop.test", newEcdsaKey()), validity);
const certificate = new X509Certificate(chain);
const { certificateId, notBefore, notAfter } = certificateFacts(chain);
const window = {
  start: new Date(issuedAt.getTime() + 60 * DAY_MS),
  end: new Date(issuedAt.getTime() + 62 * DAY_MS),
};

/** What is made up as it is asked for takes no memory. */
const registry: ObjectStore = {
  read: async (name) => {
    await call();
    const domain = /^domains\/(.+)\.json$/.exec(name)?.[1];
    return domain === undefined
      ? undefined
      : { bytes: Buffer.from(JSON.stringify(recordOf(domain))), generation: "1" };
  },
  list: async () => {
    await call();
    return { objects: [] };
  },
  create: refuse,
  replace: refuse,
  remove: refuse,
};

const ports: CheckerPorts = {
  registry: openRegistry(registry),
  alerts: openAlerts(registry, SYSTEM_CLOCK.now),
  dnsRules: {
    dns: {
      addresses: async () => {
        await call();
        return { kind: "answer", records: EDGE };
      },
      caa: async () => {
        await call();
        return { kind: "answer", records: [] };
      },
    },
    edge: new EdgeAddresses(EDGE),
    caaIdentities: ["ca.example"],
    now: SYSTEM_CLOCK.now,
  },
  sight: {
    look: async () => {
      await call();
      // Each connection shows one of its own.
      return { kind: "seen", certificate: new X509Certificate(certificate.raw), status: 200 };
    },
  },
  authorities: [
    {
      name: "ca",
      ca: {
        renewalInfo: async () => {
          await call();
          return window;
        },
      },
    },
  ],
  validation: { publish: refuse },
  issuing: { publish: refuse },
  now: SYSTEM_CLOCK.now,
  sleep: SYSTEM_CLOCK.sleep,
};
const logger = createLogger(
  { K_SERVICE: "certificate-checker", K_REVISION: "1" },
  { write: () => undefined },
);
const signal = new AbortController().signal;
let underWay = 0;
let done = 0;
const waiting: (() => void)[] = [];

const watch = createWatcher({
  listing: { pages },
  checking: { publish: async (data) => check(data as { readonly domain: string }) },
  // All in one round.
  intervalMinutes: 1,
  now: SYSTEM_CLOCK.now,
});

const megabytesBefore = process.memoryUsage().rss / MEGABYTE;
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const { asked } = await watch({ trace: createTrace(), signal });
while (underWay > 0) await free();
const seconds = (performance.now() - startedAt) / 1_000;
if (asked !== domains || done !== domains) throw new Error(`${done} of ${domains} domains were checked.`);
const { user, system } = process.cpuUsage(cpuBefore);
const megabytes = (process.resourceUsage().maxRSS * 1_024) / MEGABYTE;
const result: ManyChecks = { seconds, cpuSeconds: (user + system) / 1e6, megabytes, megabytesBefore };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** Taken once a check is free to begin: the others wait at Pub/Sub. */
async function check(data: { readonly domain: string }): Promise<void> {
  while (underWay >= CHECKS_AT_ONCE) await free();
  underWay++;
  void checkDomain(ports, data, { trace: createTrace(), logger, signal }).then(() => {
    done++;
    underWay--;
    waiting.shift()?.();
  });
}

function free(): Promise<void> {
  return new Promise((resolve) => waiting.push(resolve));
}

async function* pages(): AsyncGenerator<readonly ListedDomain[]> {
  for (let first = 0; first < domains; first += PAGE_SIZE) {
    await call();
    const count = Math.min(PAGE_SIZE, domains - first);
    const listed = Array.from({ length: count }, (_, index) => ({
      domain: `www.shop-${first + index}.test`,
      state: "active",
      notBefore,
      notAfter,
      dueAt: null,
    }));
    // As it comes over the network.
    yield JSON.parse(JSON.stringify(listed));
  }
}

function recordOf(domain: string) {
  const at = issuedAt.toISOString();
  const served = { certificateId, notBefore, notAfter, version: "00000001", ca: "ca" };
  const record = { domain, customer: "customer@example.test", lifecycle: "active", orderNumber: 1 };
  return { ...record, ...served, registeredAt: at, updatedAt: at };
}

function call(): Promise<void> {
  return delay(10 + 40 * Math.random());
}

async function refuse(): Promise<never> {
  throw new Error("A domain that is well changes nothing.");
}

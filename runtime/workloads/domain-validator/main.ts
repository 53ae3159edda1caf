import { openBudgets } from "../../certificates/budgets/shared-budgets.ts";
import { openDnsLookup } from "../../certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../certificates/dns/edge-addresses.ts";
import { openFastlyDomains } from "../../certificates/fastly/fastly-domains.ts";
import { openPlatformKey } from "../../certificates/keys/platform-key.ts";
import { validationSchema } from "../../certificates/messages.ts";
import { Ownership } from "../../certificates/ownership/ownership.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import { openBuckets } from "../../google/bucket.ts";
import { openTopics } from "../../google/publisher.ts";
import { SYSTEM_CLOCK } from "../../workload/clock.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { pushRoute } from "../../workload/push.ts";
import { workload } from "../../workload/workload.ts";
import { openEdgeProbe } from "./edge-probe.ts";
import { envSchema } from "./env.ts";
import { type ValidatorPorts, validateDomain } from "./validate-domain.ts";

/** Under the 120 s that the service gives a request. */
const DEADLINE_MS = 110_000;

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const bucket = openBuckets(platform);
  const registryObjects = bucket(env.REGISTRY_BUCKET);
  const dns = openDnsLookup(platform.DNS_SERVERS);
  const ports: ValidatorPorts = {
    registry: openRegistry(registryObjects),
    budgets: openBudgets({ objects: registryObjects, limits: env.BUDGET_LIMITS, clock: SYSTEM_CLOCK }),
    dns,
    edge: new EdgeAddresses(env.EDGE_ADDRESSES),
    caaIdentities: env.CAA_IDENTITIES,
    fastly: openFastlyDomains({
      endpoint: platform.FASTLY_API_ENDPOINT,
      token: env.FASTLY_API_TOKEN,
      serviceId: env.FASTLY_SERVICE_ID,
    }),
    probe: openEdgeProbe({
      challenges: bucket(env.CHALLENGE_BUCKET),
      port: platform.EDGE_HTTP_PORT,
    }),
    ownership: new Ownership({
      method: env.OWNERSHIP,
      edgeHost: env.EDGE_HOST,
      key: openPlatformKey(registryObjects),
      dns,
    }),
    issuing: openTopics(platform)(env.ISSUING_TOPIC),
    now: () => new Date(),
  };
  return pushRoute({
    schema: validationSchema,
    serviceAccount: env.PUSH_SERVICE_ACCOUNT,
    logger,
    deadlineMs: DEADLINE_MS,
    handle: (message, delivery) => validateDomain(ports, message, delivery),
  });
});

if (typeof require === "function" && require.main === module) void start();

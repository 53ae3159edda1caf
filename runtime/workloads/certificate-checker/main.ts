import { openPublicAuthorities } from "../../certificates/acme/configured-authorities.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { openDnsLookup } from "../../certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../certificates/dns/edge-addresses.ts";
import { openEdgeSight } from "../../certificates/edge/edge-sight.ts";
import { checkingSchema } from "../../certificates/messages.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import { openBuckets } from "../../google/bucket.ts";
import { openTopics } from "../../google/publisher.ts";
import { SYSTEM_CLOCK } from "../../workload/clock.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { pushRoute } from "../../workload/push.ts";
import { workload } from "../../workload/workload.ts";
import { checkDomain } from "./check-domain.ts";
import { envSchema } from "./env.ts";
import type { CheckerPorts } from "./ports.ts";

/** Under the 120 s that the service gives a request. */
const DEADLINE_MS = 110_000;

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const objects = openBuckets(platform)(env.REGISTRY_BUCKET);
  const topic = openTopics(platform);
  const { now, sleep } = SYSTEM_CLOCK;
  const ports: CheckerPorts = {
    registry: openRegistry(objects),
    alerts: openAlerts(objects, now),
    dnsRules: {
      dns: openDnsLookup(platform.DNS_SERVERS),
      edge: new EdgeAddresses(env.EDGE_ADDRESSES),
      caaIdentities: env.CAA_IDENTITIES,
      now,
    },
    sight: openEdgeSight({ addresses: env.EDGE_ADDRESSES, port: platform.EDGE_HTTPS_PORT }),
    authorities: openPublicAuthorities(env.CERTIFICATE_AUTHORITIES),
    validation: topic(env.VALIDATION_TOPIC),
    issuing: topic(env.ISSUING_TOPIC),
    now,
    sleep,
  };
  return pushRoute({
    schema: checkingSchema,
    serviceAccount: env.PUSH_SERVICE_ACCOUNT,
    logger,
    deadlineMs: DEADLINE_MS,
    handle: (message, delivery) => checkDomain(ports, message, delivery),
  });
});

if (typeof require === "function" && require.main === module) void start();

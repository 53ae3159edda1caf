import { KnownAccounts } from "../../certificates/acme/known-accounts.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { openBudgets } from "../../certificates/budgets/shared-budgets.ts";
import { openDnsLookup } from "../../certificates/dns/dns-lookup.ts";
import { openDomainEvents } from "../../certificates/events/domain-events.ts";
import { openPlatformKey } from "../../certificates/keys/platform-key.ts";
import { Ownership } from "../../certificates/ownership/ownership.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import { openFindings } from "../../certificates/registry/findings.ts";
import { openBuckets } from "../../google/bucket.ts";
import { openTopics } from "../../google/publisher.ts";
import { SYSTEM_CLOCK } from "../../workload/clock.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { workload } from "../../workload/workload.ts";
import { createDomainApi } from "./app.ts";
import { envSchema } from "./env.ts";
import { PageTokens } from "./page-tokens.ts";

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const topic = openTopics(platform);
  const registryObjects = openBuckets(platform)(env.REGISTRY_BUCKET);
  const key = openPlatformKey(registryObjects);
  return createDomainApi({
    registry: openRegistry(registryObjects),
    findings: openFindings(registryObjects),
    budgets: openBudgets({ objects: registryObjects, limits: env.BUDGET_LIMITS, clock: SYSTEM_CLOCK }),
    ownership: new Ownership({
      method: env.OWNERSHIP,
      edgeHost: env.EDGE_HOST,
      key,
      dns: openDnsLookup(platform.DNS_SERVERS),
    }),
    alerts: openAlerts(registryObjects, SYSTEM_CLOCK.now),
    accounts: new KnownAccounts(registryObjects, SYSTEM_CLOCK.now),
    pageTokens: new PageTokens(key),
    validation: topic(env.VALIDATION_TOPIC),
    issuing: topic(env.ISSUING_TOPIC),
    events: openDomainEvents(topic(env.EVENTS_TOPIC)),
    checking: topic(env.CHECKING_TOPIC),
    audience: env.API_AUDIENCE,
    operators: env.OPERATORS,
    viewers: env.VIEWERS,
    reservedZone: env.RESERVED_ZONE,
    now: SYSTEM_CLOCK.now,
    clock: SYSTEM_CLOCK,
    logger,
  });
});

if (typeof require === "function" && require.main === module) void start();

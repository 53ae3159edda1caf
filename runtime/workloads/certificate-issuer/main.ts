import { openAuthorities } from "../../certificates/acme/configured-authorities.ts";
import { KnownAccounts } from "../../certificates/acme/known-accounts.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { openCertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import { openBudgets } from "../../certificates/budgets/shared-budgets.ts";
import { openEdgeSight } from "../../certificates/edge/edge-sight.ts";
import { openDomainEvents } from "../../certificates/events/domain-events.ts";
import { openFastlyDomains } from "../../certificates/fastly/fastly-domains.ts";
import { openFastlyTls } from "../../certificates/fastly/fastly-tls.ts";
import { issuingSchema } from "../../certificates/messages.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import { openFindings } from "../../certificates/registry/findings.ts";
import { openAccessTokens } from "../../google/access-tokens.ts";
import { openBuckets } from "../../google/bucket.ts";
import { openKeyWrapper } from "../../google/key-wrapper.ts";
import { openTopics } from "../../google/publisher.ts";
import { SYSTEM_CLOCK } from "../../workload/clock.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { pushRoute } from "../../workload/push.ts";
import { workload } from "../../workload/workload.ts";
import { DomainLeases } from "./domain-leases.ts";
import { envSchema } from "./env.ts";
import { createHandler } from "./handler.ts";

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const bucket = openBuckets(platform);
  const registryObjects = bucket(env.REGISTRY_BUCKET);
  const backupObjects = bucket(env.BACKUP_BUCKET);
  const wrapper = openKeyWrapper({
    endpoint: platform.KMS_ENDPOINT,
    key: env.KMS_KEY,
    tokens: openAccessTokens(),
  });
  const fastly = { endpoint: platform.FASTLY_API_ENDPOINT, token: env.FASTLY_API_TOKEN };
  return pushRoute({
    schema: issuingSchema,
    serviceAccount: env.PUSH_SERVICE_ACCOUNT,
    logger,
    handle: createHandler({
      registry: openRegistry(registryObjects),
      findings: openFindings(registryObjects),
      registryObjects,
      leases: new DomainLeases(registryObjects),
      budgets: openBudgets({ objects: registryObjects, limits: env.BUDGET_LIMITS, clock: SYSTEM_CLOCK }),
      challenges: bucket(env.CHALLENGE_BUCKET),
      backups: openCertificateBackups(backupObjects, wrapper),
      authorities: openAuthorities(env.CERTIFICATE_AUTHORITIES, env.EXTERNAL_ACCOUNT_KEYS, {
        backupObjects,
        wrapper,
        accounts: new KnownAccounts(registryObjects, SYSTEM_CLOCK.now),
      }),
      tls: openFastlyTls({ ...fastly, configurationId: env.FASTLY_TLS_CONFIGURATION_ID }),
      domains: openFastlyDomains({ ...fastly, serviceId: env.FASTLY_SERVICE_ID }),
      edge: openEdgeSight({ addresses: env.EDGE_ADDRESSES, port: platform.EDGE_HTTPS_PORT }),
      alerts: openAlerts(registryObjects, SYSTEM_CLOCK.now),
      events: openDomainEvents(openTopics(platform)(env.EVENTS_TOPIC)),
      now: SYSTEM_CLOCK.now,
      sleep: SYSTEM_CLOCK.sleep,
    }),
  });
});

if (typeof require === "function" && require.main === module) void start();

import { Resolver } from "node:dns/promises";
import { openIdTokens } from "../../google/id-tokens.ts";
import { openTopics } from "../../google/publisher.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { scheduledRoute } from "../../workload/scheduled.ts";
import { workload } from "../../workload/workload.ts";
import { openDomainListing } from "./domain-listing.ts";
import { envSchema } from "./env.ts";
import { createWatcher } from "./watch-domains.ts";

/** Under the 540 s that the service gives a round. */
const DEADLINE_MS = 530_000;

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const watch = createWatcher({
    listing: openDomainListing({
      url: env.API_URL,
      port: platform.API_PORT,
      tokens: openIdTokens(env.API_AUDIENCE),
      addressOf: platform.DNS_SERVERS.length > 0 ? addressBy(platform.DNS_SERVERS) : undefined,
    }),
    checking: openTopics(platform)(env.CHECKING_TOPIC),
    intervalMinutes: env.CHECK_INTERVAL_MINUTES,
    now: () => new Date(),
  });
  return scheduledRoute({
    serviceAccount: env.SCHEDULER_SERVICE_ACCOUNT,
    logger,
    deadlineMs: DEADLINE_MS,
    run: async (round) => {
      const domains = await watch(round);
      // An objective of the platform's monitoring counts rounds by this share.
      const healthyShare = domains.active === 0 ? 1 : domains.healthy / domains.active;
      logger.info({ domains: { ...domains, healthyShare } }, "Domains seen");
      return {};
    },
  });
});

if (typeof require === "function" && require.main === module) void start();

function addressBy(servers: readonly string[]): (host: string) => Promise<string> {
  const resolver = new Resolver();
  resolver.setServers(servers);
  return async (host) => (await resolver.resolve4(host))[0] ?? host;
}

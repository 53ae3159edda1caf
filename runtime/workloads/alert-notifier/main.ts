import { UntoldProblems } from "../../certificates/alerts/untold-problems.ts";
import { openBuckets } from "../../google/bucket.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { scheduledRoute } from "../../workload/scheduled.ts";
import { workload } from "../../workload/workload.ts";
import type { Channel } from "./channel.ts";
import { envSchema } from "./env.ts";
import { logChannel } from "./log-channel.ts";
import { notify } from "./notify.ts";
import { StoredPace } from "./pace.ts";
import { sentryChannel } from "./sentry.ts";
import { slackChannel } from "./slack.ts";

/** Under the 300 s of the service: what was told must be written down too. */
const DEADLINE_MS = 290_000;
/** No notice is begun later. */
const TELLING_MS = 150_000;

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const objects = openBuckets(platform)(env.REGISTRY_BUCKET);
  const signposts = {
    platformName: env.PLATFORM_NAME,
    runbooksUrl: env.RUNBOOKS_URL,
    bucket: env.REGISTRY_BUCKET,
  };
  const now = () => new Date();
  const channels: readonly Channel[] = [
    logChannel(logger, signposts),
    ...(env.SLACK_WEBHOOK_URL === ""
      ? []
      : [slackChannel({ webhookUrl: env.SLACK_WEBHOOK_URL, signposts, now })]),
    ...(env.SENTRY_DSN === "" ? [] : [sentryChannel({ dsn: env.SENTRY_DSN, signposts, now })]),
  ];
  const problems = new UntoldProblems(
    objects,
    channels.map(({ name }) => name),
  );
  const pace = new StoredPace(objects);
  return scheduledRoute({
    serviceAccount: env.SCHEDULER_SERVICE_ACCOUNT,
    logger,
    deadlineMs: DEADLINE_MS,
    run: async () => {
      const signal = AbortSignal.timeout(TELLING_MS);
      return { notices: await notify({ problems, pace, channels, now }, { logger, signal }) };
    },
  });
});

if (typeof require === "function" && require.main === module) void start();

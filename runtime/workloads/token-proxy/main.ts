import { openBuckets } from "../../google/bucket.ts";
import { parseEnvironment } from "../../workload/environment.ts";
import { workload } from "../../workload/workload.ts";
import { createApp } from "./app.ts";
import { CachedChallenges } from "./cached-challenges.ts";
import { envSchema } from "./env.ts";
import { storedChallenges } from "./stored-challenges.ts";

export const { handler, start } = workload((platform, logger) => {
  const { CHALLENGE_BUCKET } = parseEnvironment(envSchema);
  return createApp({
    challenges: new CachedChallenges(storedChallenges(openBuckets(platform)(CHALLENGE_BUCKET))),
    logger,
  });
});

if (typeof require === "function" && require.main === module) void start();

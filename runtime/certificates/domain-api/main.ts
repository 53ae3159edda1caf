import { openBuckets } from "../../service/bucket.ts";
import { parseEnvironment } from "../../service/environment.ts";
import { openTopics } from "../../service/publisher.ts";
import { workload } from "../../service/workload.ts";
import { openRegistry } from "../registry/bucket-registry.ts";
import { createDomainApi } from "./app.ts";
import { envSchema } from "./env.ts";

export const { handler, start } = workload((platform, logger) => {
  const env = parseEnvironment(envSchema);
  const topic = openTopics(platform);
  return createDomainApi({
    registry: openRegistry(openBuckets(platform)(env.REGISTRY_BUCKET)),
    validation: topic(env.VALIDATION_TOPIC),
    issuing: topic(env.ISSUING_TOPIC),
    audience: env.API_AUDIENCE,
    operators: env.OPERATORS,
    reservedZone: env.RESERVED_ZONE,
    now: () => new Date(),
    logger,
  });
});

if (typeof require === "function" && require.main === module) void start();

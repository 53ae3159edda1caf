import { openBucket } from "../../service/bucket.ts";
import { parseEnvironment } from "../../service/environment.ts";
import { openTopic } from "../../service/publisher.ts";
import { workload } from "../../service/workload.ts";
import { openRegistry } from "../registry/bucket-registry.ts";
import { createDomainApi } from "./app.ts";
import { envSchema } from "./env.ts";

export const { handler, start } = workload((_platform, logger) => {
  const env = parseEnvironment(envSchema);
  return createDomainApi({
    registry: openRegistry(openBucket(env.REGISTRY_BUCKET)),
    validation: openTopic(env.VALIDATION_TOPIC),
    issuing: openTopic(env.ISSUING_TOPIC),
    audience: env.API_AUDIENCE,
    operators: env.OPERATORS,
    reservedZone: env.RESERVED_ZONE,
    now: () => new Date(),
    logger,
  });
});

if (typeof require === "function" && require.main === module) void start();

import type { RequestListener } from "node:http";
import { parseEnvironment } from "./environment.ts";
import { createLogger, type Logger } from "./logger.ts";
import { type Platform, platformSchema } from "./platform.ts";
import { type App, listen, requestListener } from "./server.ts";
import { messageOf } from "./thrown.ts";

export interface Workload {
  /** For Cloud Functions, whose framework brings a server of its own. */
  readonly handler: RequestListener;
  /** Listens; a process that cannot start says why in one log entry and exits with 1. */
  start(): Promise<void>;
}

/**
 * Makes a workload of `build`, which wires its environment, adapters and routes. Nothing runs
 * before the first request or `start`, so importing has no effects, except under the framework of
 * Cloud Functions: there what cannot start must fail the deployment, not the first request. A
 * `main.ts` ends in
 *
 * ```ts
 * export const { handler, start } = workload((platform, logger) => createApp(…));
 *
 * if (typeof require === "function" && require.main === module) void start();
 * ```
 *
 * The condition holds in a CommonJS bundle run as `node index.js`, and neither under a framework
 * that requires the bundle nor in a test that imports the source.
 */
export function workload(build: (platform: Platform, logger: Logger) => App): Workload {
  let listener: RequestListener | undefined;
  const made = () => {
    const platform = parseEnvironment(platformSchema);
    return requestListener(build(platform, createLogger(platform)));
  };
  if (process.env.FUNCTION_TARGET !== undefined) {
    void orExit(() => {
      listener = made();
    });
  }
  return {
    handler: (request, response) => {
      listener ??= made();
      listener(request, response);
    },
    start: () =>
      orExit(async (logger) => {
        const platform = parseEnvironment(platformSchema);
        await listen(build(platform, logger), platform, logger);
      }),
  };
}

async function orExit(begin: (logger: Logger) => void | Promise<void>): Promise<void> {
  const { K_SERVICE = "unknown", K_REVISION = "unknown" } = process.env;
  const logger = createLogger({ K_SERVICE, K_REVISION });
  try {
    await begin(logger);
  } catch (error) {
    logger.fatal({ error }, messageOf(error));
    process.exit(1);
  }
}

import { parseEnvironment } from "../../workload/environment.ts";
import { workload } from "../../workload/workload.ts";
import { createApp } from "./app.ts";
import { envSchema } from "./env.ts";

export const { handler, start } = workload(() => {
  const { PLATFORM_NAME } = parseEnvironment(envSchema);
  return createApp({ platformName: PLATFORM_NAME });
});

if (typeof require === "function" && require.main === module) void start();

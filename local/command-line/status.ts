import { requireCloud } from "./cloud-process.ts";
import { currentEndpoints } from "./endpoints.ts";
import { printJson, table } from "./output.ts";

export async function status(options: {
  readonly stateDir: string;
  readonly json?: boolean;
  readonly env?: boolean;
}): Promise<void> {
  const cloud = await requireCloud(options.stateDir);
  if (options.env) {
    const { gcpProvider, fastlyProvider } = cloud.ports;
    const providers = `gcp:${gcpProvider},fastly:${fastlyProvider}`;
    if (options.json) printJson({ PULUMI_DEBUG_PROVIDERS: providers });
    else process.stdout.write(`PULUMI_DEBUG_PROVIDERS=${providers}\n`);
    return;
  }
  const endpoints = currentEndpoints(cloud, options.stateDir);
  const { caFile, egress, incidents, parts, pid, pids } = cloud;
  if (options.json) {
    printJson({ endpoints, caFile, parts, pid, pids, egress, incidents });
    return;
  }
  process.stdout.write(
    `${table([
      ["cloud", `process ${pid}`],
      ["API", endpoints.api],
      ["edge, HTTP", endpoints.edgeHttp],
      ["edge, HTTPS", endpoints.edgeHttps],
      ["CA file", caFile],
      ...parts.map((part) => [
        part.name,
        part.pids.length > 0 ? `processes ${part.pids.join(", ")}` : "in the cloud's process",
      ]),
      ...egress
        .filter(({ allowed }) => !allowed)
        .map(({ service, destination, count }) => [
          "refused egress",
          `${service} to ${destination}, ${count}×`,
        ]),
      ...incidents.map(({ policy, severity, summary, openedAt }) => [
        "open incident",
        `${severity} since ${openedAt}: ${policy}: ${summary}`,
      ]),
    ])}\n`,
  );
}

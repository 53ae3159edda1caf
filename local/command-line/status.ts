import { printJson, table } from "../../operator/terminal/output.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { Workspace } from "../pulumi/workspace.ts";
import { requireCloud } from "./cloud-process.ts";
import { currentEndpoints } from "./endpoints.ts";
import { LOCAL_STACK } from "./place.ts";
import { portsOf } from "./pulumi.ts";

export async function status(options: {
  readonly stateDir: string;
  readonly json?: boolean;
  readonly env?: boolean;
}): Promise<void> {
  const cloud = await requireCloud(options.stateDir);
  if (options.env) {
    const environment = pulumiEnvironment(cloud);
    if (options.json) printJson(environment);
    else {
      for (const [name, value] of Object.entries(environment)) {
        process.stdout.write(`export ${name}='${value.replaceAll("'", "'\\''")}'\n`);
      }
    }
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

/** With which a user's own `pulumi up --stack local` does what `npm run up` does, and changes no tracked file. */
function pulumiEnvironment(cloud: CloudStatus): Readonly<Record<string, string>> {
  const workspace = Workspace.local(cloud.stateDir, LOCAL_STACK);
  return {
    ...workspace.environment(portsOf(cloud)),
    PULUMI_OPTION_CONFIG_FILE: workspace.settingsFile,
  };
}

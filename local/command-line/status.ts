import { printJson, table } from "../../operator/terminal/output.ts";
import { requireCloud } from "../daemon/cloud-process.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { absoluteStateDir } from "../kernel/place.ts";
import { nameOf } from "../provider/requests.ts";
import { type Checkpoint, readCheckpoint } from "../pulumi/checkpoint.ts";
import { LOCAL_STACK } from "../pulumi/local-stack.ts";
import { Workspace } from "../pulumi/workspace.ts";
import { currentEndpoints } from "./endpoints.ts";
import { portsOf } from "./pulumi.ts";

const SERVICE = "gcp:cloudrunv2/service:Service";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
/** @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

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
  const made = readCheckpoint(absoluteStateDir(options.stateDir), LOCAL_STACK);
  const workloads = workloadUrls(made);
  const outputs = withoutSecrets(made?.outputs ?? {}) as Readonly<Record<string, unknown>>;
  const { caFile, egress, incidents, parts, pid, pids } = cloud;
  if (options.json) {
    printJson({ endpoints, caFile, workloads, outputs, parts, pid, pids, egress, incidents });
    return;
  }
  process.stdout.write(
    `${table([
      ["cloud", `process ${pid}`],
      ["API", endpoints.api],
      ["edge, HTTP", endpoints.edgeHttp],
      ["edge, HTTPS", endpoints.edgeHttps],
      ["CA file", caFile],
      ...Object.entries(workloads).map(([name, url]) => [`workload ${name}`, url]),
      ...Object.entries(outputs).map(([name, value]) => [
        `output ${name}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
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

/** Cloud Run's own URLs, by logical names. */
export function workloadUrls(
  made: Pick<Checkpoint, "resources"> | undefined,
): Readonly<Record<string, string>> {
  const named = (made?.resources ?? []).flatMap(({ type, urn, outputs }): readonly [string, string][] => {
    const url = type === SERVICE ? outputs?.uri : type === FUNCTION ? outputs?.url : undefined;
    return typeof url === "string" ? [[nameOf({ urn }), url]] : [];
  });
  return Object.fromEntries(named.sort(([a], [b]) => a.localeCompare(b)));
}

/** A value of the state, for the eyes of whoever looks on. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (SIGNATURE in value && value[SIGNATURE] === SECRET) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item)]));
}

/** With which a user's own `pulumi up --stack local` does what `npm run up` does, and changes no tracked file. */
function pulumiEnvironment(cloud: CloudStatus): Readonly<Record<string, string>> {
  const workspace = Workspace.local(cloud.stateDir, LOCAL_STACK);
  return {
    ...workspace.environment(portsOf(cloud)),
    PULUMI_OPTION_CONFIG_FILE: workspace.settingsFile,
  };
}

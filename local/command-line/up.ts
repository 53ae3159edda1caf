import { performance } from "node:perf_hooks";
import type { CloudStatus } from "../daemon/control.ts";
import { runUpdate } from "../engine/engine.ts";
import { EXIT } from "../engine/engine-refusal.ts";
import { DEFAULT_PORT_BASE } from "../kernel/claim-ports.ts";
import { ApiClient, type DomainResource } from "./api-client.ts";
import { findCloud, stopCloudProcess } from "./cloud-process.ts";
import { startCloudProcess } from "./cloud-start.ts";
import { followDomain, howToSee } from "./domains.ts";
import { probeEdge } from "./edge-probe.ts";
import { currentEndpoints } from "./endpoints.ts";
import { Failure } from "./failure.ts";
import { interruptible } from "./interruptible.ts";
import { paint, printJson, progressStream } from "./output.ts";
import { absoluteStateDir, LOCAL_STACK, type Place, PROJECT, REPOSITORY } from "./place.ts";
import { readLocalConfig, SECRET_KEYS } from "./stack-config.ts";
import { claimStateFolder } from "./state-folder.ts";
import { UpdateDisplay } from "./update-display.ts";

/** Registered by the first `up`, so that there is something to look at. */
const FIRST_DOMAIN = "hello.example.test";
const FIRST_DOMAIN_SECONDS = 60;

interface Options extends Place {
  readonly config: Record<string, string>;
  readonly firstDomain: boolean;
  readonly json?: boolean;
}

export async function up(options: Options): Promise<void> {
  const out = progressStream(options.json);
  const cloud = await ensureCloud(options, out);
  const config = readLocalConfig(options.config, cloud.ports);
  const display = new UpdateDisplay(out, "up");
  const result = await interruptible((signal) =>
    runUpdate({
      kind: "up",
      project: PROJECT,
      stack: LOCAL_STACK,
      programDir: REPOSITORY,
      config,
      secretKeys: SECRET_KEYS,
      stateDir: absoluteStateDir(options.stateDir),
      providers: { gcp: cloud.ports.gcpProvider, fastly: cloud.ports.fastlyProvider },
      signal,
      onEvent: (event) => display.show(event),
    }),
  );
  display.end(result);
  // The engine has told of a state that can't be read; nobody knows the platform's endpoints then.
  if (result.exitCode === EXIT.stateUnusable) {
    if (options.json) {
      printJson({ changeSummary: result.changeSummary, endpoints: null, caFile: cloud.caFile });
    }
    process.exitCode = result.exitCode;
    return;
  }
  const endpoints = currentEndpoints(cloud, options.stateDir);
  try {
    if (result.ok && options.firstDomain) await serveFirstDomain(options.stateDir, out);
  } finally {
    // A script gets its line also when the deployment is done and the domain is not.
    if (options.json) {
      printJson({ changeSummary: result.changeSummary, endpoints, caFile: cloud.caFile });
    }
  }
  if (result.ok && !options.json) {
    out.write(
      [
        "",
        `API         ${endpoints.api}`,
        `Edge        ${endpoints.edgeHttp}  ${endpoints.edgeHttps}`,
        `CA file     ${cloud.caFile}`,
        "",
        "Next: npm run domains -- add shop.example.test --wait",
        "      npm run status · npm run logs -- --follow · npm run down",
        "",
      ].join("\n"),
    );
  }
  process.exitCode = result.exitCode;
}

async function ensureCloud({ stateDir, portBase }: Place, out: NodeJS.WriteStream): Promise<CloudStatus> {
  claimStateFolder(absoluteStateDir(stateDir));
  const running = await findCloud(stateDir);
  if (running && !running.stopping && ![undefined, running.ports.control].includes(portBase)) {
    throw new Failure(
      `The local cloud on ${running.stateDir} has its ports from ${running.ports.control}, not ${portBase}: stop it with npm run down first, or leave out --port-base.`,
    );
  }
  if (running && !running.stopping) return running;
  if (running) {
    out.write(`Waiting for the local cloud that is stopping (process ${running.pid}) …\n`);
    await stopCloudProcess(running);
  }
  const started = performance.now();
  out.write("Starting the local cloud …\n");
  const cloud = await startCloudProcess(stateDir, portBase ?? DEFAULT_PORT_BASE);
  out.write(`The local cloud is up (process ${cloud.pid}) after ${seconds(started)}.\n`);
  return cloud;
}

/** Ends with the chain verified and the page fetched: by then every part has done its work once. */
async function serveFirstDomain(stateDir: string, out: NodeJS.WriteStream): Promise<void> {
  const api = await ApiClient.open(stateDir);
  const started = performance.now();
  out.write(`\n${FIRST_DOMAIN}, the first domain:\n`);
  const registered = (await api.call("POST", "/v1/domains", { domain: FIRST_DOMAIN })).body as DomainResource;
  // Of an earlier `up`'s domain the phases are old news.
  const resource =
    registered.state === "active"
      ? registered
      : await followDomain(api, FIRST_DOMAIN, FIRST_DOMAIN_SECONDS, (phase, at) => {
          out.write(`  ${paint("dim", at, out)}  ${phase}\n`);
        });
  if (resource.state !== "active")
    throw new Failure(`${FIRST_DOMAIN} is ${resource.state}: ${resource.reason}`);
  const sight = await probeEdge(api.cloud, FIRST_DOMAIN);
  if (sight.status !== 200 || !sight.page.includes(FIRST_DOMAIN)) {
    throw new Failure(`https://${FIRST_DOMAIN}/ answered ${sight.status} with a page that does not name it.`);
  }
  out.write(
    `${paint("green", `https://${FIRST_DOMAIN}/ is served`, out)} after ${seconds(started)}: issued by ${sight.issuer}, valid until ${sight.notAfter}, chain verified.\n`,
  );
  out.write(`${howToSee(api, FIRST_DOMAIN)}\n`);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

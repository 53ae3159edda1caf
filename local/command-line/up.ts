import { performance } from "node:perf_hooks";
import type { DomainResource } from "../../operator/api-client.ts";
import { followDomain, howToSee } from "../../operator/domains.ts";
import { probeEdge } from "../../operator/edge-probe.ts";
import { EXIT, Failure } from "../../operator/terminal/failure.ts";
import { interruptible } from "../../operator/terminal/interruptible.ts";
import { paint, printJson, progressStream, wantsColour } from "../../operator/terminal/output.ts";
import { findCloud, stopCloudProcess } from "../daemon/cloud-process.ts";
import { startCloudProcess } from "../daemon/cloud-start.ts";
import type { CloudStatus } from "../daemon/control.ts";
import { absoluteStateDir, nextPortBase, type Place } from "../kernel/place.ts";
import { readCheckpoint } from "../pulumi/checkpoint.ts";
import { LOCAL_STACK, programFolder } from "../pulumi/local-stack.ts";
import { PACKAGES } from "../pulumi/offline-providers.ts";
import { Program } from "../pulumi/program.ts";
import { update } from "../pulumi/update.ts";
import { currentEndpoints } from "./endpoints.ts";
import { LocalApi } from "./local-target.ts";
import { tellMistakes, tellWarnings } from "./mistakes.ts";
import { readLocalConfig, SECRET_KEYS } from "./stack-config.ts";
import { claimStateFolder } from "./state-folder.ts";
import { UpdateDisplay } from "./update-display.ts";
import { tellErrors } from "./update-errors.ts";

/** Registered by the first `up`, so that there is something to look at. */
const FIRST_DOMAIN = "hello.example.test";
const FIRST_DOMAIN_SECONDS = 60;

interface Options extends Place {
  readonly config: Record<string, string>;
  readonly firstDomain: boolean;
  readonly typeCheck: boolean;
  readonly cwd?: string;
  readonly tree?: boolean;
  readonly diff?: boolean;
  readonly json?: boolean;
}

export async function up(options: Options): Promise<void> {
  const out = progressStream(options.json);
  const stateDir = absoluteStateDir(options.stateDir);
  const program = new Program(programFolder(options.cwd));
  claimStateFolder(stateDir);
  const cloud = ensureCloud(options, out);
  // Whoever waits for it learns why it failed, unless something else has failed before.
  cloud.catch(() => undefined);
  const display = new UpdateDisplay(out);
  const isShown = Boolean(options.tree || options.diff);
  const ended = await interruptible((signal) =>
    update({
      stateDir,
      cloud,
      program,
      typeCheck: options.typeCheck,
      settings: ({ ports }) => ({
        values: readLocalConfig(options.config, ports, program.folder),
        secretKeys: SECRET_KEYS,
      }),
      onEvent: (event) => display.show(event),
      onLosses: (losses) => tellWarnings(losses, out),
      say: (line) => out.write(line),
      signal,
      ...(isShown && {
        display: {
          flags: ["--color", wantsColour(out) ? "always" : "never", ...(options.diff ? ["--diff"] : [])],
          show: (text) => out.write(text),
        },
      }),
    }),
  );
  if (ended.interrupted) {
    out.write("Interrupted; what was done is recorded, and npm run up goes on from there.\n");
    process.exitCode = EXIT.interrupted;
    return;
  }
  const { result } = ended;
  const running = await cloud;
  const endpoints = currentEndpoints(running, options.stateDir);
  const isDone = result.mistakes.length === 0 && result.errors.length === 0;
  try {
    if (result.mistakes.length > 0) tellMistakes(result.mistakes, process.stderr);
    else display.end(result, isShown);
    if (isDone) {
      tellRecorded(stateDir, out);
      if (options.firstDomain) await serveFirstDomain(options.stateDir, out);
    }
  } finally {
    // A script gets its line also when the deployment is done and the domain is not.
    if (options.json) {
      const { changeSummary, changes } = result;
      printJson({ changeSummary, changes, endpoints, caFile: running.caFile });
    }
  }
  if (!isDone) {
    tellErrors(result.errors);
    process.exitCode = EXIT.failed;
  } else if (!options.json) {
    out.write(
      [
        "",
        `API         ${endpoints.api}`,
        `Edge        ${endpoints.edgeHttp}  ${endpoints.edgeHttps}`,
        `CA file     ${running.caFile}`,
        "",
        "Next: npm run domains -- add shop.example.test --wait",
        "      npm run status · npm run logs -- --follow · npm run down",
        "",
      ].join("\n"),
    );
  }
}

/** What nobody should take for tested. */
function tellRecorded(stateDir: string, out: NodeJS.WriteStream): void {
  const recorded = PACKAGES.flatMap(({ kinds }) =>
    kinds.filter((kind) => kind.recorded !== undefined).map(({ token }) => token),
  );
  const made = new Set(readCheckpoint(stateDir, LOCAL_STACK)?.resources.map(({ type }) => type));
  const named = recorded.filter((token) => made.has(token)).sort();
  if (named.length > 0) out.write(`Recorded only, with no effect on this machine: ${named.join(", ")}.\n`);
}

async function ensureCloud(place: Place, out: NodeJS.WriteStream): Promise<CloudStatus> {
  const { stateDir, portBase } = place;
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
  const cloud = await startCloudProcess(stateDir, nextPortBase(place));
  out.write(`The local cloud is up (process ${cloud.pid}) after ${seconds(started)}.\n`);
  return cloud;
}

/** Ends with the chain verified and the page fetched: by then every part has done its work once. */
async function serveFirstDomain(stateDir: string, out: NodeJS.WriteStream): Promise<void> {
  const api = await LocalApi.open(stateDir);
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
  const sight = await probeEdge(api.target.edge, FIRST_DOMAIN);
  if (sight.status !== 200 || !sight.page.includes(FIRST_DOMAIN)) {
    throw new Failure(`https://${FIRST_DOMAIN}/ answered ${sight.status} with a page that does not name it.`);
  }
  out.write(
    `${paint("green", `https://${FIRST_DOMAIN}/ is served`, out)} after ${seconds(started)}: issued by ${sight.issuer}, valid until ${sight.notAfter}, chain verified.\n`,
  );
  out.write(`${howToSee(api.target, FIRST_DOMAIN)}\n`);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { buildBundle } from "../components/serverless/build-bundle.ts";
import { EgressLedger } from "../local/cloud/run/egress.ts";
import { findPort } from "../local/cloud/run/port.ts";
import { parseService, SERVICE_KIND, type ServiceSettings } from "../local/cloud/run/service-settings.ts";
import { Workshop } from "../local/cloud/run/workshop.ts";
import { SecretManager } from "../local/cloud/secret-manager/secret-manager.ts";
import { exchange } from "../local/command-line/exchange.ts";
import { LocalPlatform } from "../test/support/local-platform.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { requireProc, residentMegabytes } from "./process-usage.ts";
import { median, spread } from "./statistics.ts";

const RUNS = 7;
const IDLE_MS = 3_000;
const START_DEADLINE_MS = 30_000;
const STOP_GRACE_MS = 1_000;
const ANSWER_DEADLINE_MS = 5_000;
/** Of the token proxy alone: a CA waits for it. */
const AIMS = { workload: "token-proxy", bytes: 1_000_000, ms: 300, megabytes: 90 };

interface Start {
  readonly ms: number;
  readonly megabytes: number;
}

export const workloadStart: Measurement = {
  name: "workloads",
  description: "Bundle bytes, start to first response and idle memory of each workload",
  conditions: `one instance at a time, as Cloud Run starts it; median of ${RUNS} with Node's compile cache warm; memory is resident, ${IDLE_MS / 1000} s after the first response`,
  async run(say) {
    requireProc();
    const platform = await LocalPlatform.start();
    const folder = await mkdtemp(join(tmpdir(), "bench-instances-"));
    const { kernel, storage } = platform.cloud;
    const secrets = new SecretManager(kernel);
    // By its state folder a workshop knows its own processes: these are not those of the cloud's.
    const workshop = new Workshop(
      { ...kernel, stateDir: folder },
      storage,
      { access: (...version) => secrets.access(...version).data.toString() },
      new EgressLedger(kernel),
      { startupDeadlineMs: START_DEADLINE_MS, stopGraceMs: STOP_GRACE_MS, findPort },
    );
    try {
      workshop.open();
      await platform.update();
      const figures: Figure[] = [];
      for (const service of kernel.resources.list(SERVICE_KIND).map(parseService)) {
        say(service.name);
        figures.push(...(await measure(workshop, service)));
      }
      return figures;
    } finally {
      workshop.close();
      await platform.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function measure(workshop: Workshop, service: ServiceSettings): Promise<readonly Figure[]> {
  const workload = dirname(service.template.container.sourceCode.cloudStorageSource.object);
  const bytes = (await stat(buildBundle(workload).path)).size;
  const first = await start(workshop, service);
  const runs: Start[] = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await start(workshop, service));

  const [ms, megabytes] = [runs.map((run) => run.ms), runs.map((run) => run.megabytes)];
  const name = basename(workload);
  const aims = name === AIMS.workload ? AIMS : undefined;
  const startNote = `${spread(ms, 0)}; ${first.ms.toFixed(0)} with unpacking and a cold cache`;
  return [
    figure(`${name}: bundle`, bytes, "bytes", aims?.bytes),
    figure(`${name}: start to first response`, median(ms), "ms", aims?.ms, startNote),
    figure(`${name}: idle memory`, median(megabytes), "MB", aims?.megabytes, spread(megabytes, 0)),
  ];
}

/** From the decision to start a process to its answer to `GET /health`; and what it holds when it rests. */
async function start(workshop: Workshop, service: ServiceSettings): Promise<Start> {
  const startedAt = performance.now();
  const revision = { name: `${service.name}-bench`, template: service.template };
  const instance = await workshop.start(service, revision, new AbortController().signal);
  try {
    const { status } = await exchange({
      port: instance.port,
      path: "/health",
      deadlineMs: ANSWER_DEADLINE_MS,
    });
    const ms = performance.now() - startedAt;
    if (status !== 200) throw new Error(`${service.name} answered GET /health with ${status}.`);
    await delay(IDLE_MS);
    const megabytes = residentMegabytes(instance.pid);
    if (megabytes === undefined) throw new Error(`${service.name} ended while it was idle.`);
    return { ms, megabytes };
  } finally {
    await instance.stop();
  }
}

function figure(
  name: string,
  value: number,
  unit: Figure["unit"],
  aim: number | undefined,
  note?: string,
): Figure {
  return { name, value, unit, ...(aim !== undefined && { aim }), ...(note && { note }) };
}

import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { buildBundle } from "../components/bundling/build-bundle.ts";
import type { ServiceSettings } from "../local/services/cloud-run/service-settings.ts";
import { exchange } from "../operator/exchange.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { requireProc, residentMegabytes } from "./process-usage.ts";
import { StartedWorkloads, workloadName } from "./started-workloads.ts";
import { median, spread } from "./statistics.ts";

const RUNS = 7;
const IDLE_MS = 3_000;
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
    await using workloads = await StartedWorkloads.start();
    const figures: Figure[] = [];
    for (const service of workloads.services) {
      say(service.name);
      figures.push(...(await measure(workloads, service)));
    }
    return figures;
  },
};

async function measure(workloads: StartedWorkloads, service: ServiceSettings): Promise<readonly Figure[]> {
  const name = workloadName(service);
  const bytes = (await stat(buildBundle(name).path)).size;
  const first = await start(workloads, service);
  const runs: Start[] = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await start(workloads, service));

  const [ms, megabytes] = [runs.map((run) => run.ms), runs.map((run) => run.megabytes)];
  const aims = name === AIMS.workload ? AIMS : undefined;
  const startNote = `${spread(ms, 0)}; ${first.ms.toFixed(0)} with unpacking and a cold cache`;
  return [
    figure(`${name}: bundle`, bytes, "bytes", aims?.bytes),
    figure(`${name}: start to first response`, median(ms), "ms", aims?.ms, startNote),
    figure(`${name}: idle memory`, median(megabytes), "MB", aims?.megabytes, spread(megabytes, 0)),
  ];
}

/** From the decision to start a process to its answer to `GET /health`; and what it holds when it rests. */
async function start(workloads: StartedWorkloads, service: ServiceSettings): Promise<Start> {
  const startedAt = performance.now();
  const instance = await workloads.instance(service);
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

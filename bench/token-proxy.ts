import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { claimPorts } from "../local/kernel/claim-ports.ts";
import { type LoadResult, loadHttp } from "./http-load.ts";
import type { Figure, Measurement } from "./measurement.ts";
import { Nginx } from "./nginx.ts";
import { cpuSeconds, requireProc } from "./process-usage.ts";
import { StartedWorkloads, workloadName } from "./started-workloads.ts";
import { percentile } from "./statistics.ts";

const HOST = "shop.bench.test";
const PREFIX = ".well-known/acme-challenge";
const TOKENS = 200;
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2;
const SECONDS = 5;

interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

interface Served {
  /** Requests a second. */
  readonly rate: number;
  /** Seconds a request. */
  readonly cpu: number;
  readonly figures: readonly Figure[];
}

export const tokenProxy: Measurement = {
  name: "token-proxy",
  description: "Challenges from one instance of the token proxy, beside nginx with the same as files",
  conditions: `${TOKENS} tokens of one host, each asked for before; ${CONNECTIONS} kept connections with a request at a time, ${SECONDS} s; both with one process, and without what stands before them; the load from this process, which can bind`,
  async run(say) {
    requireProc();
    await using workloads = await StartedWorkloads.start();
    const service = workloads.services.find((each) => workloadName(each) === "token-proxy");
    if (!service) throw new Error("The platform has no token proxy.");
    const bucket = service.template.container.envs.find(({ name }) => name === "CHALLENGE_BUCKET")?.value;
    const names = Array.from({ length: TOKENS }, () => `${PREFIX}/${randomBytes(24).toString("base64url")}`);
    // Every answer the same: what a server answers is checked, not which of them.
    const answer = `${randomBytes(32).toString("base64url")}.${randomBytes(32).toString("base64url")}`;
    const root = join(workloads.folder, "files");
    for (const name of names) {
      workloads.platform.cloud.storage.write(bucket ?? "", `${HOST}/${name}`, Buffer.from(answer));
      const file = join(root, HOST, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, answer);
    }

    const paths = names.map((name) => `/${name}`);
    const instance = await workloads.instance(service);
    let ours: Served;
    try {
      say("the token proxy");
      ours = await measure({ name: "token proxy", port: instance.port, pid: instance.pid }, paths, answer);
    } finally {
      await instance.stop();
    }
    if (!Nginx.isInstalled()) {
      say("nginx is skipped: there is none on the PATH (Debian has it as a package)");
      return ours.figures;
    }
    say("nginx");
    const { ports, control } = await claimPorts("any");
    await new Promise((resolve) => control.close(resolve));
    await using nginx = await Nginx.start(root, join(workloads.folder, "nginx"), ports.edgeHttp);
    const peer = await measure({ name: "nginx", port: nginx.port, pid: nginx.pid }, paths, answer);
    return [
      ...ours.figures,
      ...peer.figures,
      {
        name: "the token proxy's requests as a share of nginx's",
        value: ours.rate / peer.rate,
        unit: "times",
      },
      {
        name: "the token proxy's CPU a request as a multiple of nginx's",
        value: ours.cpu / peer.cpu,
        unit: "times",
      },
    ];
  },
};

async function measure(
  { name, port, pid }: Server,
  paths: readonly string[],
  answer: string,
): Promise<Served> {
  const load = { port, host: HOST, paths, connections: CONNECTIONS, expected: `200 ${answer}` };
  // Then the proxy has read every answer, and its code is compiled.
  await loadHttp({ ...load, seconds: WARM_UP_SECONDS });
  const cpuBefore = cpuSeconds(pid) ?? 0;
  const result: LoadResult = await loadHttp({ ...load, seconds: SECONDS });
  const used = (cpuSeconds(pid) ?? 0) - cpuBefore;
  const cpu = used / result.requests;
  const rate = result.requests / result.seconds;
  const note = `${((100 * used) / result.seconds).toFixed(0)} % of a core, ${(cpu * 1e6).toFixed(0)} µs a request`;
  const figures: readonly Figure[] = [
    { name: `${name}: requests a second`, value: rate, unit: "per s", note },
    { name: `${name}: p99`, value: percentile(result.latenciesMs, 0.99), unit: "ms" },
  ];
  return { rate, cpu, figures };
}

import { readFile } from "node:fs/promises";
import type { Figure, Measurement } from "./measurement.ts";
import { loadPaced } from "./paced-load.ts";
import { StartedPlatform } from "./started-platform.ts";
import { percentile } from "./statistics.ts";

/** What `npm run up` registers. */
const HOST = "hello.example.test";
const WARM_UP = { rate: 50, seconds: 2 };
/** Requests a second: what a machine can do, and what none can. */
const RATES = [400, 2_000];
const SECONDS = 5;
const CONNECTIONS = 256;

export const edgeLoad: Measurement = {
  name: "edge-load",
  description: "A customer's page through the TLS edge, at rates that don't wait for answers",
  conditions: `${RATES.join(" and ")} requests a second for ${SECONDS} s each, over at most ${CONNECTIONS} kept connections; edge, load balancer and Cloud Run in one process, hosting in its own, the load from this one, which can bind; latencies from when a request was sent`,
  async run(say) {
    await using platform = await StartedPlatform.start();
    const { ports, caFile } = (await platform.api()).cloud;
    const load = { port: ports.edgeHttps, host: HOST, ca: await readFile(caFile, "utf8") };
    await loadPaced({ ...load, ...WARM_UP, connections: CONNECTIONS });
    const figures: Figure[] = [];
    for (const rate of RATES) {
      say(`${rate} a second`);
      const { counts, latenciesMs } = await loadPaced({
        ...load,
        rate,
        seconds: SECONDS,
        connections: CONNECTIONS,
      });
      const note = [...counts].map(([answer, count]) => `${count} × ${answer}`).join(", ");
      figures.push({ name: `at ${rate}/s: served`, value: counts.get("200") ?? 0, unit: "requests", note });
      for (const [status, latencies] of latenciesMs) {
        for (const share of [0.5, 0.99]) {
          const name = `at ${rate}/s: ${status}, p${share * 100}`;
          figures.push({ name, value: percentile(latencies, share), unit: "ms" });
        }
      }
    }
    return figures;
  },
};

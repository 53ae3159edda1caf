import { setTimeout as delay } from "node:timers/promises";
import { edgeOf, type LocalApi } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import type { Measurement } from "./measurement.ts";
import { StartedPlatform } from "./started-platform.ts";
import { percentile, spread } from "./statistics.ts";

const DOMAINS = 20;
const DEADLINE_MS = 60_000;
const PROBE_EVERY_MS = 20;

export const registration: Measurement = {
  name: "registration",
  description: "From the POST of a domain to its page over verified TLS",
  conditions: `${DOMAINS} domains, one at a time, on a platform that has served one; the edge is tried every ${PROBE_EVERY_MS} ms`,
  async run() {
    await using platform = await StartedPlatform.start();
    const api = await platform.api();
    const seconds: number[] = [];
    for (let index = 0; index < DOMAINS; index += 1) {
      const domain = `single-${index}.bench.test`;
      const startedAt = performance.now();
      await api.call("POST", "/v1/domains", { domain });
      await served(api, domain);
      seconds.push((performance.now() - startedAt) / 1000);
    }
    return [
      {
        name: "registration to served, p50",
        value: percentile(seconds, 0.5),
        unit: "s",
        aim: 2,
        note: spread(seconds, 2),
      },
      { name: "registration to served, p95", value: percentile(seconds, 0.95), unit: "s", aim: 4 },
    ];
  },
};

/** Resolves when a browser that trusts the CA would see the domain's page. */
async function served(api: LocalApi, domain: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      const { status, page } = await probeEdge(edgeOf(api.cloud), domain);
      if (status === 200 && page.includes(domain)) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    if (Date.now() > deadline) throw new Error(`${domain} was not served after ${DEADLINE_MS / 1000} s.`);
    await delay(PROBE_EVERY_MS);
  }
}

import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import acme from "acme-client";
import pLimit from "p-limit";
import { BIN_DIR } from "../local/kernel/place.ts";
import { Acme } from "../local/services/acme/acme.ts";
import { startKernel } from "../local/services/start-kernel.ts";
import { ChallengeServer } from "./challenge-server.ts";
import { type CpuShares, CpuWatch } from "./cpu-watch.ts";
import { titleOf } from "./process-usage.ts";

/** By default it waits 5 s between two looks at an order, which would measure nothing else. */
const LOOK_AGAIN_MS = { backoffMin: 20, backoffMax: 100, backoffAttempts: 100 };

export interface PeerRun {
  readonly seconds: number;
  readonly shares: CpuShares;
}

/**
 * The same number of certificates by `acme-client` in its automatic mode, in this process, from a
 * Pebble that the cloud's own part runs with the cloud's own settings. One account, a P-256 key a
 * certificate, HTTP-01 answered from memory; no registry, no checks, no backup, no CDN.
 */
export async function issueWithAcmeClient(count: number, concurrency: number): Promise<PeerRun> {
  const stateDir = await mkdtemp(join(tmpdir(), "bench-acme-"));
  const kernel = await startKernel({ stateDir, portBase: "any" });
  const ca = new Acme(kernel, { binDir: BIN_DIR });
  const agent = new Agent({ ca: kernel.authority.rootPem, keepAlive: true });
  const before = acme.axios.defaults.httpsAgent as unknown;
  try {
    // Pebble asks the port on which the edge would be.
    await using challenges = await ChallengeServer.listen(kernel.ports.edgeHttp);
    await ca.start();
    acme.axios.defaults.httpsAgent = agent;
    const client = new acme.Client({
      directoryUrl: ca.directoryUrl,
      accountKey: await acme.crypto.createPrivateEcdsaKey("P-256"),
      ...LOOK_AGAIN_MS,
    });
    await client.createAccount({ termsOfServiceAgreed: true });
    const watch = await CpuWatch.start(async () => namesOf(ca.pids()));
    const startedAt = performance.now();
    const limit = pLimit(concurrency);
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        limit(() => issueOne(client, challenges, `peer-${index}.bench.test`)),
      ),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    return { seconds, shares: await watch.stop() };
  } finally {
    acme.axios.defaults.httpsAgent = before;
    agent.destroy();
    await ca.stop();
    await kernel.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function issueOne(client: acme.Client, challenges: ChallengeServer, domain: string): Promise<void> {
  const key = await acme.crypto.createPrivateEcdsaKey("P-256");
  const [, csr] = await acme.crypto.createCsr({ commonName: domain, altNames: [domain] }, key);
  const certificate = await client.auto({
    csr,
    termsOfServiceAgreed: true,
    challengePriority: ["http-01"],
    skipChallengeVerification: true,
    challengeCreateFn: async (_authorization, { token }, keyAuthorization) =>
      challenges.set(token, keyAuthorization),
    challengeRemoveFn: async (_authorization, { token }) => challenges.remove(token),
  });
  if (!acme.crypto.readCertificateInfo(certificate).domains.altNames.includes(domain)) {
    throw new Error(`acme-client got a certificate that is not for ${domain}.`);
  }
}

function namesOf(pids: readonly number[]): ReadonlyMap<number, string> {
  const named = pids.map((pid): [number, string] => [pid, titleOf(pid).split("/").at(-1) ?? ""]);
  return new Map([[process.pid, "acme-client"], ...named]);
}

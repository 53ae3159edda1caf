import { createHash } from "node:crypto";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync, stop } from "esbuild";
import type { Ports } from "../../kernel/contract.ts";

const CONTAINER = fileURLToPath(new URL("container/main.ts", import.meta.url));

/** Parts whose ports are every workload's to use. Control, providers and what manages Pebble are not. */
const PARTS: Partial<Record<keyof Ports, string>> = {
  edgeHttp: "edge",
  edgeHttps: "edge",
  loadBalancerHttp: "load balancer",
  loadBalancerHttps: "load balancer",
  run: "cloud run",
  googleapis: "google apis",
  fastlyApi: "fastly api",
  alertReceiver: "alert receiver",
  acme: "pebble",
  dns: "dns",
};

export type Destinations = Readonly<Record<number, string>>;

/** Ports of 127.0.0.1 that a service account's workloads may connect to, and what is there. */
export function destinationsOf(
  ports: Ports,
  identity: { readonly http: number; readonly grpc: number },
): Destinations {
  const shared = Object.entries(PARTS).map(([name, part]) => [ports[name as keyof Ports], part]);
  return Object.fromEntries([...shared, [identity.http, "storage"], [identity.grpc, "pubsub"]]);
}

/** Files that Node loads before a workload: one for each set of destinations. */
export class Preloads {
  readonly #folder: string;
  #code: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The path of the file, which is written when first asked for. */
  path(destinations: Destinations): string {
    const json = JSON.stringify(destinations);
    const path = join(
      this.#folder,
      `container-${createHash("sha256").update(json).digest("hex").slice(0, 12)}.cjs`,
    );
    if (!existsSync(path)) {
      this.#code ??= bundleContainer();
      // Whole or not at all: an instance without its guards would reach everything.
      const draft = `${path}.draft`;
      writeFileSync(draft, `const LOCAL_CLOUD_DESTINATIONS = ${json};\n${this.#code}`);
      renameSync(draft, path);
    }
    return path;
  }
}

/** As JavaScript in one file: that each instance strips types itself would cost it 16 MB. */
function bundleContainer(): string {
  const { outputFiles } = buildSync({
    entryPoints: [CONTAINER],
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    write: false,
    logLevel: "silent",
  });
  // It would keep a process of its own for as long as this one lives.
  void stop();
  return outputFiles[0]?.text ?? "";
}

import { Resolver } from "node:dns/promises";
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { Kernel, Part } from "../../kernel/contract.ts";
import { Dns } from "./dns.ts";
import { KeptProcess, type Watch } from "./kept-process.ts";

const PROBE_DEADLINE_MS = 2_000;
/** A datagram may get lost: the look-up is sent again after this. */
const DNS_TRY_MS = 500;
const PROBE_NAME = "ready.test";
/** What Pebble must look up and has not. */
const NO_CERTIFICATE = "/cert-status-by-serial/0";
/** Where the edge is, for every name that has no record of its own. */
const EDGE_ADDRESS = "127.0.0.1";
const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

/** Validity as Let's Encrypt's profiles have it in 2026. @see https://letsencrypt.org/docs/profiles/ */
const PROFILES = {
  classic: { description: "90 days", validityPeriod: 90 * DAY_SECONDS },
  shortlived: { description: "160 hours", validityPeriod: 160 * HOUR_SECONDS },
};

export interface AcmeOptions {
  /** The folder of `pebble` and `pebble-challtestsrv`. */
  readonly binDir: string;
  /** How it is noticed that Pebble or the DNS server hangs. @default every 5 s, with 5 s for an answer */
  readonly watch?: Watch;
}

/**
 * The CA, and the DNS that it and the platform ask: Pebble and challtestsrv as they come,
 * on loopback addresses alone. Pebble validates HTTP-01 on the edge's plain port.
 *
 * Pebble forgets accounts and orders when it starts again and has a new root, which
 * becomes trusted here; records set through `dns` outlive a restart of the DNS server.
 */
export class Acme implements Part {
  readonly name = "acme";
  readonly dns: Dns;
  readonly #kernel: Kernel;
  readonly #processes: readonly KeptProcess[];
  readonly #folder: string;

  constructor(kernel: Kernel, options: AcmeOptions) {
    this.#kernel = kernel;
    this.#folder = join(kernel.stateDir, "cloud", "acme");
    this.dns = new Dns(kernel.ports.dnsManagement);
    this.#processes = [this.#dnsServer(options), this.#pebble(options)];
  }

  /** The CA's directory, served under a certificate of the kernel's authority. */
  get directoryUrl(): string {
    return `https://127.0.0.1:${this.#kernel.ports.acme}/dir`;
  }

  async start(): Promise<void> {
    await this.#writeConfig();
    try {
      await Promise.all(this.#processes.map((process) => process.start()));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
  }

  pids(): readonly number[] {
    return this.#processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async #writeConfig(): Promise<void> {
    const { ports, authority } = this.#kernel;
    mkdirSync(this.#folder, { recursive: true });
    const { cert, key } = await authority.issue(["localhost", "127.0.0.1"]);
    const [certificate, privateKey] = [this.#file("server.pem"), this.#file("server.key")];
    writeFileSync(certificate, cert);
    writeFileSync(privateKey, key, { mode: 0o600 });
    const pebble = {
      listenAddress: `127.0.0.1:${ports.acme}`,
      managementListenAddress: `127.0.0.1:${ports.acmeManagement}`,
      certificate,
      privateKey,
      httpPort: ports.edgeHttp,
      tlsPort: ports.edgeHttps,
      retryAfter: { authz: 0, order: 0 },
      keyAlgorithm: "ecdsa",
      profiles: PROFILES,
    };
    writeFileSync(this.#file("pebble.json"), JSON.stringify({ pebble }, undefined, 2));
  }

  #pebble({ binDir, watch }: AcmeOptions): KeptProcess {
    const { ports, authority } = this.#kernel;
    return new KeptProcess({
      name: "Pebble",
      command: join(binDir, "pebble"),
      args: ["-config", this.#file("pebble.json"), "-dnsserver", `127.0.0.1:${ports.dns}`, "-strict"],
      // On one thread: the showing of an authorization and the making of an order take two locks of
      // Pebble's in opposite order, and side by side they block all others for ever.
      env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_AUTHZREUSE: "0", GOMAXPROCS: "1" },
      ports: [ports.acme, ports.acmeManagement],
      pidFile: this.#file("pebble.pid"),
      ...this.#reports("pebble"),
      ready: async () => {
        await this.#get(ports.acme, "/dir");
        authority.trust(await this.#get(ports.acmeManagement, "/roots/0"));
      },
      // Its directory needs no lock and would be served by a Pebble that has come to a standstill.
      answers: async (signal) => void (await this.#get(ports.acmeManagement, NO_CERTIFICATE, signal, 404)),
      ...(watch && { watch }),
    });
  }

  #dnsServer({ binDir, watch }: AcmeOptions): KeptProcess {
    const { ports } = this.#kernel;
    const lookUp = async (signal: AbortSignal): Promise<void> => {
      const resolver = new Resolver({ timeout: DNS_TRY_MS });
      resolver.setServers([`127.0.0.1:${ports.dns}`]);
      signal.addEventListener("abort", () => resolver.cancel(), { once: true });
      await resolver.resolve4(PROBE_NAME);
    };
    // Every flag, because those left out listen on all interfaces.
    const flags = {
      dnsserver: `127.0.0.1:${ports.dns}`,
      management: `127.0.0.1:${ports.dnsManagement}`,
      defaultIPv4: EDGE_ADDRESS,
      defaultIPv6: "",
      http01: "",
      https01: "",
      tlsalpn01: "",
      doh: "",
    };
    return new KeptProcess({
      name: "challtestsrv",
      command: join(binDir, "pebble-challtestsrv"),
      args: Object.entries(flags).flatMap(([flag, value]) => [`-${flag}`, value]),
      env: {},
      ports: [ports.dns, ports.dnsManagement],
      pidFile: this.#file("dns.pid"),
      ...this.#reports("dns"),
      ready: async () => {
        await lookUp(AbortSignal.timeout(PROBE_DEADLINE_MS));
        await this.dns.replay();
      },
      answers: lookUp,
      ...(watch && { watch }),
    });
  }

  #reports(source: string): { onLine(line: string): void; onTrouble(sentence: string): void } {
    const { logging } = this.#kernel;
    return {
      onLine: (message) => logging.write({ severity: "INFO", message, source }),
      onTrouble: (message) => logging.write({ severity: "ERROR", message, source }),
    };
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** A page of Pebble's, under our own root only. */
  #get(
    port: number,
    path: string,
    signal = AbortSignal.timeout(PROBE_DEADLINE_MS),
    status = 200,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const url = `https://127.0.0.1:${port}${path}`;
      const sent = request(
        url,
        {
          ca: this.#kernel.authority.rootPem,
          agent: false,
          headers: { "User-Agent": "local-cloud" },
          signal,
        },
        async (response) => {
          try {
            const text = (await response.setEncoding("utf8").toArray()).join("");
            if (response.statusCode !== status) throw new Error(`${url} answered ${response.statusCode}.`);
            resolve(text);
          } catch (error) {
            reject(error);
          }
        },
      );
      sent.once("error", reject);
      sent.end();
    });
  }
}

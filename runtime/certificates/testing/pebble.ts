import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TestIssuingKey } from "./issuing-key.ts";

const BIN_DIR = join(import.meta.dirname, "../../../.local/bin");
const START_DEADLINE_MS = 15_000;

/** Pebble and its DNS on ports of their own, validating HTTP-01 on `httpPort`. Trusted by this process's `fetch`. */
export class TestPebble {
  readonly directoryUrl: string;
  readonly #folder: string;
  readonly #ports: Ports;
  readonly #dns: ChildProcess;
  #pebble: ChildProcess;

  private constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    this.#ports = ports;
    this.directoryUrl = `https://127.0.0.1:${ports.acme}/dir`;
    const dns = [`-dnsserver=127.0.0.1:${ports.dns}`, `-management=127.0.0.1:${ports.dnsManagement}`];
    const nothingElse = ["-http01=", "-https01=", "-tlsalpn01=", "-doh=", "-defaultIPv6="];
    this.#dns = run("pebble-challtestsrv", [...dns, ...nothingElse]);
    this.#pebble = this.#startPebble();
  }

  /** @param externalAccounts base64url keys by their ids; with any, every account needs one */
  static async start(
    httpPort: number,
    externalAccounts: Readonly<Record<string, string>> = {},
  ): Promise<TestPebble> {
    const authority = await TestIssuingKey.create();
    setDefaultCACertificates([...getCACertificates("default"), authority.rootPem]);
    const folder = mkdtempSync(join(tmpdir(), "test-pebble-"));
    const [acme, management, dns, dnsManagement] = await freePorts(4);
    const ports = { acme, management, dns, dnsManagement } as Ports;
    const { cert, key } = await authority.server([{ ip: "127.0.0.1" }]);
    writeFileSync(join(folder, "server.pem"), cert);
    writeFileSync(join(folder, "server.key"), key);
    const pebble = {
      listenAddress: `127.0.0.1:${acme}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: join(folder, "server.pem"),
      privateKey: join(folder, "server.key"),
      httpPort,
      tlsPort: 1,
      retryAfter: { authz: 0, order: 0 },
      keyAlgorithm: "ecdsa",
      externalAccountBindingRequired: Object.keys(externalAccounts).length > 0,
      externalAccountMACKeys: externalAccounts,
      profiles: {
        classic: { description: "90 days", validityPeriod: 7_776_000 },
        shortlived: { description: "160 hours", validityPeriod: 576_000 },
      },
    };
    writeFileSync(join(folder, "pebble.json"), JSON.stringify({ pebble }));
    const started = new TestPebble(folder, ports);
    await started.#ready();
    return started;
  }

  /** A CA that has forgotten every account and order, under the same URL. */
  async restart(): Promise<void> {
    await end(this.#pebble);
    this.#pebble = this.#startPebble();
    await this.#ready();
  }

  async rootPem(): Promise<string> {
    return (await fetch(`https://127.0.0.1:${this.#ports.management}/roots/0`)).text();
  }

  /** What the CA shall answer about the renewal of a certificate: any text. */
  async setRenewalInfo(chainPem: string, answer: string): Promise<void> {
    const [leaf] = chainPem.split(/(?<=-----END CERTIFICATE-----)/);
    const body = JSON.stringify({ Certificate: leaf, ARIResponse: answer });
    const url = `https://127.0.0.1:${this.#ports.management}/set-renewal-info/`;
    const { ok, status } = await fetch(url, { method: "POST", body });
    if (!ok) throw new Error(`Pebble answered ${status} to a renewal window.`);
  }

  /** `Revoked` or `Valid`. @param serial hexadecimal */
  async statusOf(serial: string): Promise<string> {
    const url = `https://127.0.0.1:${this.#ports.management}/cert-status-by-serial/${serial}`;
    return ((await (await fetch(url)).json()) as { Status: string }).Status;
  }

  async stop(): Promise<void> {
    await Promise.all([end(this.#pebble), end(this.#dns)]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #startPebble(): ChildProcess {
    const args = ["-config", join(this.#folder, "pebble.json"), "-strict"];
    // Pebble refuses a tenth of all nonces, far more than a real CA: a client must bear it, and gives up after six in a row.
    return run("pebble", [...args, "-dnsserver", `127.0.0.1:${this.#ports.dns}`], {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_AUTHZREUSE: "0",
      PEBBLE_WFE_NONCEREJECT: "10",
    });
  }

  async #ready(): Promise<void> {
    const ends = Date.now() + START_DEADLINE_MS;
    for (;;) {
      const answer = await fetch(this.directoryUrl).catch((error: unknown) => error);
      if (answer instanceof Response && answer.ok) return;
      if (Date.now() > ends) throw new Error("Pebble did not start.", { cause: answer });
      await sleep(25);
    }
  }
}

interface Ports {
  readonly acme: number;
  readonly management: number;
  readonly dns: number;
  readonly dnsManagement: number;
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(join(BIN_DIR, command), args, { stdio: "ignore", env: { ...process.env, ...env } });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

import { Agent } from "node:http";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type SecureVersion,
} from "node:tls";
import type { Kernel } from "../../kernel/contract.ts";
import { textOf, textsOf } from "../../kernel/property-values.ts";
import type { Backend } from "./vcl-service.ts";

/** One of Fastly's own addresses: what a backend sees as the peer. @see https://api.fastly.com/public-ip-list */
const FASTLY_ADDRESS = "151.101.1.57";

const MOST_BACKENDS = 64;
const IDLE_MS = 30_000;
/** Connections made at a time, to each backend: a hundred handshakes at once would all come to their timeouts. */
const MOST_CONNECTING = 8;
/** Waiting for a connection is counted in ticks; one that comes later than twice this is not counted. */
const TICK_MS = 50;
/** Counted or not, so many times the backend's timeout is the end. */
const MOST_TIMEOUTS = 10;
const RECORD_SET = "gcp:dns/recordSet:RecordSet";

/** Connections that the edge keeps to backends: a bounded pool each, and never to outside this machine. */
export class OriginConnections {
  readonly #kernel: Kernel;
  readonly #agents = new Map<string, OriginAgent>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @returns `undefined` when nothing of the local cloud is behind the backend's address. */
  async agentFor(backend: Backend): Promise<Agent | undefined> {
    const port = await this.#doorTo(backend);
    if (port === undefined) return undefined;
    const key = JSON.stringify([port, backend]);
    let agent = this.#agents.get(key);
    if (!agent) {
      agent = new OriginAgent(this.#kernel, backend, port);
      this.#agents.set(key, agent);
    }
    for (const [oldest, other] of this.#agents) {
      if (this.#agents.size <= MOST_BACKENDS) break;
      this.#agents.delete(oldest);
      other.destroy();
    }
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** A name leads where the program's own DNS records say. */
  #doorTo({ address, port }: Backend): Promise<number> | undefined {
    const { network, resources } = this.#kernel;
    if (isIP(address)) return network.doorTo(address, port, FASTLY_ADDRESS);
    const host = address.toLowerCase();
    const records = resources
      .list(RECORD_SET)
      .filter(
        ({ properties }) =>
          properties.type === "A" && textOf(properties.name)?.replace(/\.$/, "").toLowerCase() === host,
      );
    const addresses = records.flatMap(({ properties }) => textsOf(properties.rrdatas));
    return [host, ...addresses]
      .map((candidate) => network.doorTo(candidate, port, FASTLY_ADDRESS))
      .find((found) => found !== undefined);
  }
}

class OriginAgent extends Agent {
  readonly #kernel: Kernel;
  readonly #backend: Backend;
  readonly #port: number;
  /** Begin to connect. At most as many as the backend may have requests. */
  readonly #waiting: (() => void)[] = [];
  #connecting = 0;

  constructor(kernel: Kernel, backend: Backend, port: number) {
    super({ keepAlive: true, maxFreeSockets: backend.mostConnections, timeout: IDLE_MS });
    this.#kernel = kernel;
    this.#backend = backend;
    this.#port = port;
  }

  override createConnection(_: unknown, made: (error: Error | null, socket: Duplex) => void): undefined {
    this.#waiting.push(() => made(null, this.#connect()));
    this.#connectNext();
  }

  #connectNext(): void {
    while (this.#connecting < MOST_CONNECTING) {
      const begin = this.#waiting.shift();
      if (!begin) return;
      this.#connecting += 1;
      begin();
    }
  }

  #connect(): Socket {
    const { connectTimeoutMs, tls } = this.#backend;
    const transport = connect({ host: "127.0.0.1", port: this.#port });
    const socket = tls ? connectTls({ socket: transport, ...this.#tlsOptions(tls) }) : transport;
    const timeout = this.#expire(socket, connectTimeoutMs);
    let isSettled = false;
    const settle = () => {
      if (isSettled) return;
      isSettled = true;
      clearInterval(timeout);
      this.#connecting -= 1;
      this.#connectNext();
    };
    socket.once(tls ? "secureConnect" : "connect", settle).once("close", settle);
    return socket;
  }

  /**
   * Destroys a socket that is not connected in time. The origin is in this very process here, which
   * on Fastly's side would be idle: what holds the process up is not held against the origin.
   */
  #expire(socket: Socket, timeoutMs: number): NodeJS.Timeout {
    const startedAt = performance.now();
    let lastAt = startedAt;
    let silentMs = 0;
    return setInterval(() => {
      const now = performance.now();
      if (now - lastAt < 2 * TICK_MS) silentMs += now - lastAt;
      lastAt = now;
      if (silentMs >= timeoutMs || now - startedAt >= MOST_TIMEOUTS * timeoutMs) {
        socket.destroy(new Error("connection timeout"));
      }
    }, TICK_MS);
  }

  #tlsOptions(tls: NonNullable<Backend["tls"]>): ConnectionOptions {
    const { sniHostname, certHostname, isChecked, caPem, minVersion, maxVersion } = tls;
    return {
      ca: caPem ?? this.#kernel.authority.rootPem,
      rejectUnauthorized: isChecked,
      checkServerIdentity: (_, certificate) => checkServerIdentity(certHostname, certificate),
      ...(sniHostname !== undefined && { servername: sniHostname }),
      ...(minVersion !== undefined && { minVersion: versionOf(minVersion) }),
      ...(maxVersion !== undefined && { maxVersion: versionOf(maxVersion) }),
    };
  }
}

function versionOf(version: string): SecureVersion {
  return (version === "1.0" ? "TLSv1" : `TLSv${version}`) as SecureVersion;
}

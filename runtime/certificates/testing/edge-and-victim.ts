import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { atOnePort } from "./one-port.ts";

/** Both are this machine's, and differ to whoever connects. */
export const EDGE_ADDRESS = "127.0.0.2";
const VICTIM_ADDRESSES = ["127.0.0.1", "::1"];

/** Addresses of the victim, as records and URLs may write them. */
export const VICTIM_HOSTS = [
  "127.0.0.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
];

/**
 * An edge, and at the same port of other addresses what nobody may be led to. Every connection there is
 * counted, before a byte of it is read.
 */
export class EdgeAndVictim {
  #servers: Server[] = [];
  /** To the victim. */
  connections = 0;
  port = 0;

  async start(edge: Server): Promise<this> {
    await atOnePort(
      () => this.#listen(edge),
      () => this.stop(),
    );
    return this;
  }

  async #listen(edge: Server): Promise<void> {
    this.#servers = [edge.listen(0, EDGE_ADDRESS)];
    await once(edge, "listening");
    const address = edge.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    for (const host of VICTIM_ADDRESSES) {
      const victim = createServer((socket) => {
        this.connections++;
        socket.destroy();
      });
      this.#servers.push(victim.listen({ port: this.port, host, ipv6Only: host.includes(":") }));
      await once(victim, "listening");
    }
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((closed) => server.close(() => closed()))),
    );
  }
}

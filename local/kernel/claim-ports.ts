import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { Ports } from "./contract.ts";

export const DEFAULT_PORT_BASE = 28_000;

/** Offsets from one base; what people type ends as it does in production. */
const OFFSETS: Readonly<Record<keyof Ports, number>> = {
  control: 0,
  acme: 14,
  acmeManagement: 15,
  dns: 53,
  dnsManagement: 55,
  edgeHttp: 80,
  loadBalancerHttp: 81,
  run: 82,
  googleapis: 83,
  fastlyApi: 84,
  alertReceiver: 85,
  gcpProvider: 90,
  fastlyProvider: 91,
  edgeHttps: 443,
  loadBalancerHttps: 444,
};
const SPAN = 500;
/** What a base may be: clear of the ports that are the administrator's. */
export const PORT_BASES = { least: 1024, most: 65_535 - SPAN };
/** Below the ranges from which operating systems take ephemeral ports, and Cloud Run those of its instances. */
const LOWEST = 10_000;
const HIGHEST = 20_000;

/** A port that something else holds. */
export class PortTaken extends Error {
  readonly code = "PORT_TAKEN";

  constructor(port: number, name: string) {
    super(`Port ${port} (${name}) is taken on 127.0.0.1; free it, or move all ports with --port-base.`);
    this.name = "PortTaken";
  }
}

/**
 * Picks a cloud's ports and holds the control port from then on, so that two clouds
 * that look at the same time can't both find a base free.
 *
 * @param portBase the first port, or "any" free one.
 * @throws {PortTaken} naming the port and what it is for.
 */
export async function claimPorts(portBase: number | "any"): Promise<{ ports: Ports; control: Server }> {
  if (portBase !== "any") {
    const { least, most } = PORT_BASES;
    if (!Number.isInteger(portBase) || portBase < least || portBase > most) {
      throw new Error(`--port-base must be a whole number from ${least} to ${most}; got ${portBase}.`);
    }
    return claim(portBase);
  }
  const slots = (HIGHEST - LOWEST) / SPAN;
  const first = randomInt(slots);
  for (let attempt = 0; attempt < slots; attempt += 1) {
    try {
      return await claim(LOWEST + ((first + attempt) % slots) * SPAN);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
    }
  }
  throw new Error(`No ${SPAN} ports in a row are free on 127.0.0.1 between ${LOWEST} and ${HIGHEST}.`);
}

/** Where a cloud with this base listens, whether there is one or not. */
export function portsFrom(base: number): Ports {
  return Object.fromEntries(
    Object.entries(OFFSETS).map(([name, offset]) => [name, base + offset]),
  ) as unknown as Ports;
}

async function claim(base: number): Promise<{ ports: Ports; control: Server }> {
  const ports = portsFrom(base);
  const control = createServer();
  if (!(await listens(control, ports.control))) throw new PortTaken(ports.control, "control");
  try {
    for (const [name, port] of Object.entries(ports)) {
      if (name === "control") continue;
      const probe = createTcpServer();
      const free = await listens(probe, port);
      if (free) await new Promise((resolve) => probe.close(resolve));
      if (!free || (name === "dns" && !(await isFreeForUdp(port)))) throw new PortTaken(port, name);
    }
  } catch (error) {
    await new Promise((resolve) => control.close(resolve));
    throw error;
  }
  return { ports, control };
}

async function listens(server: Server | ReturnType<typeof createTcpServer>, port: number): Promise<boolean> {
  server.listen({ port, host: "127.0.0.1", exclusive: true });
  try {
    await once(server, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

async function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  try {
    socket.bind({ port, address: "127.0.0.1", exclusive: true });
    await once(socket, "listening");
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    socket.close();
  }
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "EADDRINUSE" || code === "EACCES";
}

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { PortTaken } from "./claim-ports.ts";

/**
 * Makes a server listen on 127.0.0.1.
 *
 * @param port 0 for any.
 * @returns the port.
 * @throws {PortTaken} naming the port and what it is for.
 */
export async function openPort(server: Server, port: number, name: string): Promise<number> {
  server.listen({ port, host: "127.0.0.1", exclusive: true });
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") throw new PortTaken(port, name);
    throw error;
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}

/** @throws {PortTaken} when something listens there. */
export async function requireFreePort(port: number, name: string): Promise<void> {
  const probe = createServer();
  await openPort(probe, port, name);
  await new Promise((resolve) => probe.close(resolve));
}

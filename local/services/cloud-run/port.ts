import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ephemeral range, so that no outgoing connection takes the port before the instance does;
 * and clear of where clouds have theirs, by default and in tests.
 */
const LOWEST = 20_000;
const HIGHEST = 27_999;
const TRIES = 50;

/** A port of 127.0.0.1 that is free now. Nothing reserves it: the caller's process is to bind it at once. */
export async function findPort(): Promise<number> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    const server = createServer();
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return port;
    } catch {
      // Taken: another one.
    } finally {
      server.close();
    }
  }
  throw new Error(`No free port among ${TRIES} tried from ${LOWEST} to ${HIGHEST}.`);
}

import { createServer, type Server } from "node:net";
import { claimPorts } from "../../local/kernel/claim-ports.ts";

/** Above the ports of clouds in a test's own process and of their instances, below the ephemeral ones of Linux. */
const LOWEST = 28_500;
const SLOTS = 8;
const SPAN = 500;

/**
 * A run of ports for a cloud that is a process of its own. It comes and goes during a test, and its base stays
 * reserved for it: the run's last port, which no cloud uses, is held until the end.
 */
export class ReservedPorts implements AsyncDisposable {
  readonly base: number;
  readonly #guard: Server;

  private constructor(base: number, guard: Server) {
    this.base = base;
    this.#guard = guard;
  }

  /** @throws when all runs are taken. */
  static async take(): Promise<ReservedPorts> {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const base = LOWEST + slot * SPAN;
      const guard = await listening(base + SPAN - 1);
      if (!guard) continue;
      try {
        const { control } = await claimPorts(base);
        await new Promise((resolve) => control.close(resolve));
        return new ReservedPorts(base, guard);
      } catch {
        // Something else has one of them.
        await closed(guard);
      }
    }
    throw new Error(`All of ${SLOTS} runs of ${SPAN} ports from ${LOWEST} are taken.`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closed(this.#guard);
  }
}

function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen({ port, host: "127.0.0.1", exclusive: true });
  // A test that forgets it ends all the same.
  server.unref();
  return new Promise((resolve) => {
    server.once("listening", () => resolve(server)).once("error", () => resolve(undefined));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

import { randomInt } from "node:crypto";
import { seededRandom } from "../support/seeded-random.ts";

/** Told with every failure; `SIMULATION_SEED` brings the same history back. */
export const SEED = Number(process.env.SIMULATION_SEED ?? randomInt(2 ** 31));

/** A number that the environment may set: how much is simulated. */
export function sized(name: string, usual: number): number {
  return Number(process.env[name] ?? usual);
}

/** Runs a simulation whose every choice is the seed's, and whose failure says how to bring it back. */
export async function replayable<T>(seed: number, run: () => Promise<T>): Promise<T> {
  const { random } = Math;
  // Jitter of the platform's own.
  Math.random = seededRandom(seed);
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error) error.message = `SIMULATION_SEED=${seed} brings this back. ${error.message}`;
    throw error;
  } finally {
    Math.random = random;
  }
}

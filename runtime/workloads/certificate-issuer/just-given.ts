import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import type { IssuerPorts } from "./ports.ts";

/** One delivery asks again after these. */
const PAUSES_MS = [1_000, 2_000, 4_000];
/** For so long after a CA gave a URL, a replica of it may not know that one. */
const LAG_MS = 60_000;

/** The CA has just given a URL, and does not know it. */
export class NotThereYet extends Error {
  readonly code = "NOT_THERE_YET";

  constructor(cause: AcmeProblem) {
    super(`The CA does not know yet what it gave: ${cause.message}`, { cause });
    this.name = "NotThereYet";
  }
}

export interface GivenOptions {
  /** When the CA gave the URL that is asked for. */
  readonly since: Date;
  readonly signal: AbortSignal;
  /** @default a minute */
  readonly lagMs?: number;
}

/**
 * Asks a CA for what is at a URL that it gave. Reads that follow a write may reach a replica that lags: what
 * is not found is asked for again, after seconds and then by later deliveries, before it counts as lost.
 *
 * @throws {NotThereYet} @throws {AcmeProblem} with 404, for what is lost
 */
export async function justGiven<T>(
  { now, sleep }: Pick<IssuerPorts, "now" | "sleep">,
  ask: () => Promise<T>,
  { since, signal, lagMs = LAG_MS }: GivenOptions,
): Promise<T> {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AcmeProblem) || !error.isNotFound) throw error;
    }
    await sleep(pauseMs * (0.75 + Math.random() / 2), signal);
  }
  try {
    return await ask();
  } catch (error) {
    const isLost = error instanceof AcmeProblem && error.isNotFound;
    if (!isLost || now().getTime() - since.getTime() >= lagMs) throw error;
    throw new NotThereYet(error);
  }
}

/** `undefined` for what is lost: ACME orders expire, and Pebble forgets all at a restart. */
export async function ifKnown<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AcmeProblem && error.isNotFound) return undefined;
    throw error;
  }
}

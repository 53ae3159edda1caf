import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";
import type { Clock } from "../../workload/clock.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** Storage takes one write a second for a name, and this counts from before the write was sent. */
export const PACE_MS = 1_500;
const PACE_JITTER_MS = 250;
/** For so long, what was read is good enough to look at and to try with. */
const SEEN_MS = 2_000;
/** Clocks of two instances differ by less. */
export const CLOCKS_MS = 60_000;

const stateSchema = z.object({ fullAt: z.number(), writtenAt: z.number() });

/** What budgets need of time. */
export type BudgetClock = Pick<Clock, "now" | "sleep">;

export interface Seen {
  readonly fullAt: number;
  readonly writtenAt: number;
  /** Absent where there is no object. */
  readonly generation?: string;
  readonly readAt: number;
}

/** A token bucket's state as an object, written under preconditions and no more than once a second. */
export class BucketObject {
  readonly #objects: ObjectStore;
  readonly #name: string;
  readonly #bucket: TokenBucket;
  readonly #clock: BudgetClock;
  #seen: Seen | undefined;
  /** The generation that another write was too soon after. */
  #waitedFor: string | undefined;

  constructor(objects: ObjectStore, name: string, bucket: TokenBucket, clock: BudgetClock) {
    this.#objects = objects;
    this.#name = name;
    this.#bucket = bucket;
    this.#clock = clock;
  }

  /** As read a moment ago, or now. */
  async look(): Promise<Seen> {
    const ageMs = this.#clock.now().getTime() - (this.#seen?.readAt ?? Number.NEGATIVE_INFINITY);
    return this.#seen && ageMs >= 0 && ageMs < SEEN_MS ? this.#seen : this.read();
  }

  async read(): Promise<Seen> {
    const found = await this.#objects.read(this.#name);
    const readAt = this.#clock.now().getTime();
    // Nobody has taken anything for as long as it takes to fill.
    if (!found) this.#seen = { fullAt: readAt, writtenAt: Number.NEGATIVE_INFINITY, readAt };
    else {
      const seen = { ...stateOf(found.bytes), generation: found.generation, readAt };
      this.#seen = seen;
      // No bucket takes longer: a clock was wrong, or these are not our bytes. It fills from empty, now.
      const isBroken = seen.fullAt > readAt + this.#bucket.fillMs + CLOCKS_MS;
      if (isBroken && (await this.write(seen, 0, readAt))) return this.read();
    }
    return this.#seen;
  }

  /** @returns whether it was as `seen`, and has the new level now. */
  async write({ generation }: Seen, level: number, now: number): Promise<boolean> {
    this.#seen = undefined;
    const fullAt = this.#bucket.fullAt(level, now);
    // A write whose reply is lost is known by its bytes, which so must be no other's.
    const bytes = JSON.stringify({ fullAt, writtenAt: now, by: randomUUID() });
    const written =
      generation === undefined
        ? await this.#objects.create(this.#name, bytes)
        : await this.#objects.replace(this.#name, bytes, generation);
    return written === "created" || written === "replaced";
  }

  /** @returns whether it was too soon for another write, so that what was seen is old now. */
  async pace({ writtenAt, generation }: Seen): Promise<boolean> {
    const tooSoonMs = Math.min(writtenAt + PACE_MS - this.#clock.now().getTime(), PACE_MS);
    // A clock ahead of ours, or one that was set back, has it written later than now: waiting once is enough.
    const hasWaited = generation !== undefined && generation === this.#waitedFor;
    if (tooSoonMs <= 0 || hasWaited) return false;
    this.#waitedFor = generation;
    this.#seen = undefined;
    await this.#clock.sleep(tooSoonMs + Math.random() * PACE_JITTER_MS);
    return true;
  }
}

/** What cannot be read counts as never full. */
function stateOf(bytes: Buffer): z.output<typeof stateSchema> {
  try {
    return stateSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return { fullAt: Number.POSITIVE_INFINITY, writtenAt: 0 };
  }
}

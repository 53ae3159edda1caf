import type { ObjectStore } from "../../google/object-store.ts";
import { BucketObject, type BudgetClock, PACE_MS } from "./bucket-object.ts";
import { type Block, LeaseBlocks } from "./lease-blocks.ts";
import { TokenBucket, type TokenRate } from "./token-bucket.ts";

/** An instance that comes back for more within this time leases twice as much as before. */
const BUSY_MS = 5_000;
/** Of what there is: the most that is leased beyond what is asked for, and the least, which is nothing where tokens are few. */
const MOST_AHEAD = 1 / 8;
const LEAST_AHEAD = 1 / 1_000;
/** By then others were faster every time. */
const DEADLINE_MS = 10_000;
/** Those who must wait are told times one after another, as tokens flow in; the last ones somewhere within this. */
const LONGEST_LINE_MS = 3_600_000;

/** Asking before `until` is of no use. */
export interface Wait {
  readonly until: Date;
}

export interface Asked {
  readonly tokens: number;
  /** So much must be left. */
  readonly floor: number;
  /** Those who ask again and again wait in one line, and not in each other's. */
  readonly line: string;
}

interface Asking {
  readonly asked: Asked;
  readonly endsAt: number;
  readonly settle: (result: Block | Wait) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A token bucket that all instances share, as one object. An instance takes for all who ask it at once,
 * by one write, and where it is asked often a block more than that; so the object is written no more
 * than once a second. Who must wait costs no write.
 */
export class SharedBucket {
  readonly capacity: number;
  readonly #bucket: TokenBucket;
  readonly #object: BucketObject;
  readonly #clock: BudgetClock;
  readonly #blocks = new LeaseBlocks();
  #asking: readonly Asking[] = [];
  #isServing = false;
  #lastLease = { tokens: 0, at: Number.NEGATIVE_INFINITY };
  /** Until when what flows in is promised to those who were told to wait, for each line of them. */
  readonly #lines = new Map<string, number>();

  constructor(objects: ObjectStore, name: string, rate: TokenRate, clock: BudgetClock) {
    this.capacity = rate.capacity;
    this.#bucket = new TokenBucket(rate);
    this.#object = new BucketObject(objects, name, this.#bucket, clock);
    this.#clock = clock;
  }

  /** How much seems to be there. */
  async level(): Promise<number> {
    const { fullAt } = await this.#object.look();
    return this.#bucket.level(fullAt, this.#clock.now().getTime());
  }

  /** Whether what is asked for seems to be there, or when it will be. Takes nothing. */
  async look(asked: Asked): Promise<Wait | undefined> {
    if (this.#blocks.has(asked.tokens, asked.floor, this.#clock.now().getTime())) return undefined;
    const level = await this.level();
    return this.#bucket.has(level, asked.tokens, asked.floor) ? undefined : this.#wait(level, asked);
  }

  /** Takes what is asked for if it is there; else says when it will be. */
  take(asked: Asked): Promise<Block | Wait> {
    return new Promise((settle, fail) => {
      const asking = { asked, endsAt: this.#clock.now().getTime() + DEADLINE_MS, settle, fail };
      // Who may go deeper goes first.
      this.#asking = [...this.#asking, asking].sort((one, other) => one.asked.floor - other.asked.floor);
      void this.#serve();
    });
  }

  /** What was taken a moment ago is not needed: it may be spent from here, for as long as it could have been. */
  giveBack(block: Block): void {
    this.#blocks.add(block);
  }

  /** What was taken long ago was not needed. Where others write all the time, it is lost. */
  async restore(tokens: number): Promise<void> {
    const endsAt = this.#clock.now().getTime() + DEADLINE_MS;
    while (this.#clock.now().getTime() < endsAt) {
      const seen = await this.#object.read();
      const now = this.#clock.now().getTime();
      const level = this.#bucket.level(seen.fullAt, now);
      if (level >= this.capacity) return;
      if (!(await this.#object.pace(seen)) && (await this.#object.write(seen, level + tokens, now))) return;
    }
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      while (this.#asking.length > 0) {
        const now = this.#clock.now().getTime();
        for (const asking of this.#asking) {
          const { tokens, floor } = asking.asked;
          if (this.#blocks.has(tokens, floor, now)) {
            this.#settle(asking, this.#blocks.spend(tokens, floor, now));
          } else if (now >= asking.endsAt) this.#settle(asking, { until: new Date(now + PACE_MS) });
        }
        if (this.#asking.length > 0) await this.#lease();
      }
    } catch (error) {
      for (const asking of this.#asking) asking.fail(error);
      this.#asking = [];
    } finally {
      this.#isServing = false;
    }
  }

  /** One look for all who ask, and one write for those of them who get something. */
  async #lease(): Promise<void> {
    const seen = await this.#object.look();
    const now = this.#clock.now().getTime();
    if (await this.#object.pace(seen)) return;
    const found = this.#bucket.level(seen.fullAt, now);
    const served: { readonly asking: Asking; readonly held: Block }[] = [];
    let left = found;
    for (const asking of this.#asking) {
      const { tokens, floor } = asking.asked;
      const held = this.#blocks.spend(tokens, floor, now);
      if (this.#bucket.has(left, tokens - held.tokens, floor)) {
        left -= tokens - held.tokens;
        served.push({ asking, held });
      } else {
        this.#blocks.add(held);
        this.#settle(asking, this.#wait(left, asking.asked));
      }
    }
    if (served.length === 0) return;

    const floor = Math.max(...served.map(({ asking }) => asking.asked.floor));
    const ahead = this.#ahead(left, floor, now);
    const isWritten = await this.#object.write(seen, left - ahead, now).catch((error: unknown) => {
      for (const { held } of served) this.#blocks.add(held);
      throw error;
    });
    if (isWritten) {
      this.#lastLease = { tokens: found - left + ahead, at: now };
      this.#blocks.add({ tokens: ahead, floor, leasedAt: now });
    }
    for (const { asking, held } of served) {
      if (isWritten) this.#settle(asking, { ...held, tokens: asking.asked.tokens });
      else this.#blocks.add(held);
    }
  }

  /** How many tokens to lease beyond what is asked for. */
  #ahead(left: number, floor: number, now: number): number {
    const { tokens, at } = this.#lastLease;
    const asBefore = now - at < BUSY_MS ? 2 * tokens : 0;
    const wanted = Math.max(Math.min(asBefore, left * MOST_AHEAD), left * LEAST_AHEAD);
    return Math.floor(Math.max(0, Math.min(wanted, left - floor)));
  }

  #wait(level: number, { tokens, floor, line }: Asked): Wait {
    const now = this.#clock.now().getTime();
    const soonest = now + this.#bucket.inflowMs(tokens + floor - level);
    const next = Math.max(soonest, (this.#lines.get(line) ?? 0) + this.#bucket.inflowMs(tokens));
    if (next > soonest + LONGEST_LINE_MS) {
      return { until: new Date(soonest + Math.random() * LONGEST_LINE_MS) };
    }
    for (const [other, end] of this.#lines) if (end < now) this.#lines.delete(other);
    this.#lines.set(line, next);
    return { until: new Date(Math.ceil(next)) };
  }

  #settle(asking: Asking, result: Block | Wait): void {
    this.#asking = this.#asking.filter((other) => other !== asking);
    asking.settle(result);
  }
}

import type { Challenges } from "./ports.ts";

export interface CacheLimits {
  /** How long a token is served without asking. A CA asks from several places at once, and again. */
  readonly foundMs: number;
  /** At most a second: the next thing that happens to an absent token is that it is written. */
  readonly absentMs: number;
  /** Of each kind: a flood of names that do not exist must not push out those that do. */
  readonly entries: number;
  /** Of all answers together. */
  readonly bytes: number;
  /** Different names being read at once. */
  readonly reads: number;
}

const CACHE_LIMITS: CacheLimits = {
  foundMs: 60_000,
  absentMs: 1_000,
  entries: 2_000,
  bytes: 1024 * 1024,
  reads: 100,
};

interface Entry {
  readonly answer: Buffer | undefined;
  readonly expiresAt: number;
}

/** More different names are being read than the limit allows. */
export class TooManyReads extends Error {
  readonly code = "TOO_MANY_READS";

  constructor(limit: number) {
    super(`More than ${limit} different challenges are being read at once.`);
    this.name = "TooManyReads";
  }
}

/** Remembers answers and absences within bounds, and reads a name once however many ask. Failures are not remembered. */
export class CachedChallenges implements Challenges {
  readonly #source: Challenges;
  readonly #limits: CacheLimits;
  readonly #now: () => number;
  readonly #found = new Map<string, Entry>();
  readonly #absent = new Map<string, Entry>();
  readonly #reading = new Map<string, Promise<Buffer | undefined>>();
  #bytes = 0;

  constructor(source: Challenges, limits: CacheLimits = CACHE_LIMITS, now: () => number = Date.now) {
    this.#source = source;
    this.#limits = limits;
    this.#now = now;
  }

  /** @throws {TooManyReads}, or what the source throws. */
  read(name: string): Promise<Buffer | undefined> {
    const entry = this.#found.get(name) ?? this.#absent.get(name);
    if (entry && entry.expiresAt > this.#now()) return Promise.resolve(entry.answer);
    const reading = this.#reading.get(name);
    if (reading) return reading;
    if (this.#reading.size >= this.#limits.reads) return Promise.reject(new TooManyReads(this.#limits.reads));
    const started = this.#readAndKeep(name).finally(() => this.#reading.delete(name));
    this.#reading.set(name, started);
    return started;
  }

  async #readAndKeep(name: string): Promise<Buffer | undefined> {
    const answer = await this.#source.read(name);
    this.#forget(name);
    const { foundMs, absentMs } = this.#limits;
    const kept = answer ? this.#found : this.#absent;
    kept.set(name, { answer, expiresAt: this.#now() + (answer ? foundMs : absentMs) });
    this.#bytes += answer?.length ?? 0;
    this.#evict();
    return answer;
  }

  /** Oldest first: entries of one kind live equally long. */
  #evict(): void {
    for (const [name] of this.#found) {
      if (this.#found.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break;
      this.#forget(name);
    }
    for (const [name] of this.#absent) {
      if (this.#absent.size <= this.#limits.entries) break;
      this.#absent.delete(name);
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#found.get(name)?.answer?.length ?? 0;
    this.#found.delete(name);
    this.#absent.delete(name);
  }
}

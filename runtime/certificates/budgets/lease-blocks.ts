/** How long tokens may be spent after they were leased. What is left then is lost, as it is with an instance that dies. */
export const LEASE_MS = 60_000;

/** Tokens that this instance has leased. */
export interface Block {
  readonly tokens: number;
  /** Only those may spend them who could have leased them. */
  readonly floor: number;
  readonly leasedAt: number;
}

/** What one instance has leased of one bucket and not spent yet: oldest first. */
export class LeaseBlocks {
  #blocks: readonly Block[] = [];

  add(block: Block): void {
    if (block.tokens > 0) this.#blocks = [...this.#blocks, block].sort((a, b) => a.leasedAt - b.leasedAt);
  }

  has(tokens: number, floor: number, now: number): boolean {
    return this.#live(now, floor).reduce((sum, block) => sum + block.tokens, 0) >= tokens;
  }

  /** At most so many, as one block, which is as old as the oldest of them. */
  spend(tokens: number, floor: number, now: number): Block {
    let missing = tokens;
    let leasedAt = now;
    const live = this.#live(now, floor);
    this.#blocks = this.#blocks.map((block) => {
      const taken = live.includes(block) ? Math.min(missing, block.tokens) : 0;
      if (taken === 0) return block;
      missing -= taken;
      leasedAt = Math.min(leasedAt, block.leasedAt);
      return { ...block, tokens: block.tokens - taken };
    });
    return { tokens: tokens - missing, floor, leasedAt };
  }

  #live(now: number, floor: number): readonly Block[] {
    // A clock that was set back makes no lease last longer.
    this.#blocks = this.#blocks.filter(
      (block) => block.tokens > 0 && now >= block.leasedAt && now < block.leasedAt + LEASE_MS,
    );
    return this.#blocks.filter((block) => block.floor >= floor);
  }
}

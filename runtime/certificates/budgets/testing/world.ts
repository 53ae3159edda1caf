import type { ObjectStore } from "../../../google/object-store.ts";
import { MemoryObjectStore } from "../../../google/testing/memory-object-store.ts";
import { VirtualClock } from "../../../workload/testing/virtual-clock.ts";
import type { Budgets, Work } from "../budgets.ts";
import { type Limits, limitsSchema } from "../limits.ts";
import { openBudgets } from "../shared-budgets.ts";

export const ALICE = "alice@customers.example";
export const BOB = "bob@customers.example";
export const HOUR_MS = 3_600_000;

/** Budgets over one bucket in memory, under a simulated clock. */
export class BudgetWorld {
  readonly clock = new VirtualClock();
  readonly objects = new MemoryObjectStore();
  readonly #limits: Limits;

  constructor(limits: Partial<Limits> = {}) {
    this.#limits = limitsSchema.parse(limits);
  }

  /** An instance of a workload, whose clock may be a little off. */
  instance({ clockMs = 0, objects = this.objects as ObjectStore } = {}): Budgets {
    return openBudgets({
      objects,
      limits: this.#limits,
      clock: { now: () => new Date(this.clock.monotonicMs() + clockMs), sleep: this.clock.sleep },
    });
  }

  take(budgets: Budgets, work: Work, domain: string, customer = ALICE) {
    return this.clock.run(budgets.take({ work, customer, domain }));
  }

  /** How many are granted of so many for different names, asked for one after another. */
  async granted(budgets: Budgets, work: Work, count: number, customer = ALICE): Promise<number> {
    let granted = 0;
    for (let index = 0; index < count; index++) {
      const { kind } = await this.take(budgets, work, `n${index}.${work}-${index}.test`, customer);
      if (kind === "granted") granted++;
    }
    return granted;
  }
}

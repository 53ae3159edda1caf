import type { ObjectStore } from "../../../google/object-store.ts";
import type { Budgets, Work } from "../budgets.ts";
import { ALICE, type BudgetWorld, HOUR_MS } from "./world.ts";

/** Of the watcher. */
const ROUND_MS = 60_000;
/** At most, each way. */
const CALL_MS = 50;
/** What is paid for takes so long. */
const WORK_MS = 90_000;

export interface CrowdOptions {
  readonly instances: number;
  readonly domains: number;
  /** What each domain needs, one after the other. */
  readonly works: readonly Work[];
  readonly hours: number;
}

/**
 * Many domains want the same at once, and each delivery meets the next of the instances. Who must wait
 * comes again with the first round of the watcher in which that is of use.
 *
 * @returns how many domains have all that they need, an hour
 */
export async function servedAnHour(
  world: BudgetWorld,
  { instances, domains, works, hours }: CrowdOptions,
): Promise<number> {
  const { clock } = world;
  const objects = distant(world);
  const opened = Array.from({ length: instances }, () => world.instance({ objects }));
  const ends = clock.monotonicMs() + hours * HOUR_MS;
  let deliveries = 0;
  let served = 0;

  const persist = async (work: Work, domain: string) => {
    while (clock.monotonicMs() < ends) {
      const budgets = opened[deliveries++ % instances] as Budgets;
      const grant = await budgets.take({ work, customer: ALICE, domain });
      if (grant.kind === "granted") return;
      const round = Math.ceil(Math.max(grant.until.getTime(), clock.monotonicMs() + 1) / ROUND_MS) * ROUND_MS;
      await clock.sleep(round - clock.monotonicMs());
    }
  };
  const serve = async (domain: string) => {
    for (const work of works) {
      await persist(work, domain);
      await clock.sleep(WORK_MS);
    }
    if (clock.monotonicMs() < ends) served++;
  };
  await clock.run(
    Promise.all(Array.from({ length: domains }, (_, index) => serve(`www.shop-${index}.test`))),
  );
  return served / hours;
}

/** Calls take time, in which others are faster. */
function distant({ objects, clock }: BudgetWorld): ObjectStore {
  const call = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    await clock.sleep(Math.random() * CALL_MS);
    const result = await run();
    await clock.sleep(Math.random() * CALL_MS);
    return result;
  };
  return {
    read: (...args) => call(() => objects.read(...args)),
    create: (...args) => call(() => objects.create(...args)),
    replace: (...args) => call(() => objects.replace(...args)),
    remove: (...args) => call(() => objects.remove(...args)),
    list: (...args) => call(() => objects.list(...args)),
  };
}

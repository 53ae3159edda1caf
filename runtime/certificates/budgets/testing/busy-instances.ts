import type { ObjectStore } from "../../../google/object-store.ts";
import type { Budgets, Work } from "../budgets.ts";
import { WRITES } from "../limits.ts";
import type { Spent } from "./spent.ts";
import { BudgetWorld } from "./world.ts";

const INSTANCES = 4;
const STEPS = 250;
/** What is paid for is done within a delivery. */
const LATEST_MS = 540_000;
const WORKS = Object.keys(WRITES) as Work[];

export interface Spendings {
  readonly writes: readonly Spent[];
  readonly orders: readonly Spent[];
  /** By name, and by registered domain. */
  readonly certificates: ReadonlyMap<string, readonly Spent[]>;
  /** Times of writes to each object. */
  readonly objectWrites: ReadonlyMap<string, readonly number[]>;
}

export interface BusyOptions {
  /** @default 30,000: how far the clock of an instance may be off */
  readonly clocksMs?: number;
  readonly limits: NonNullable<ConstructorParameters<typeof BudgetWorld>[0]>;
}

/**
 * Instances that are asked in bursts and after pauses, die and are replaced, over a store whose calls
 * take time, and fail before or after they had their effect.
 *
 * @param random as `Math.random`
 */
export async function runBusyInstances(
  random: () => number,
  { limits, clocksMs = 30_000 }: BusyOptions,
): Promise<Spendings> {
  const world = new BudgetWorld(limits);
  const { clock } = world;
  const objectWrites = new Map<string, number[]>();
  const objects = slow(
    world.objects,
    (ms) => clock.sleep(ms),
    random,
    (name) => objectWrites.set(name, [...(objectWrites.get(name) ?? []), clock.monotonicMs()]),
  );
  const open = () => world.instance({ clockMs: (random() - 0.5) * 2 * clocksMs, objects });
  const instances = Array.from({ length: INSTANCES }, open);
  const writes: Spent[] = [];
  const orders: Spent[] = [];
  const certificates = new Map<string, Spent[]>();
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;

  const ask = async (budgets: Budgets) => {
    const work = pick(WORKS);
    const shop = pick(["shop1.test", "shop2.test"]);
    const domain = `${pick(["a", "b", "c"])}.${shop}`;
    const lateMs = random() * LATEST_MS;
    const spending = { work, domain, customer: pick(["ann", "ben", "cem"]) };
    const grant = await budgets.take(spending).catch(() => undefined);
    if (grant?.kind !== "granted") return;
    const at = clock.monotonicMs() + lateMs;
    writes.push({ at, count: WRITES[work] });
    if (work !== "first-order" && work !== "renewal") return;
    orders.push({ at, count: 1 });
    if (random() < 0.2) {
      await budgets.giveBack(spending).catch(() => undefined);
      return;
    }
    for (const name of [domain, shop]) {
      certificates.set(name, [...(certificates.get(name) ?? []), { at, count: 1 }]);
    }
  };

  const asked: Promise<void>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const kind = random();
    const longestMs = kind < 0.6 ? 2_000 : kind < 0.98 ? 100_000 : 6_000_000;
    await clock.run(clock.sleep(random() * longestMs));
    const index = Math.floor(random() * INSTANCES);
    if (random() < 0.1) instances[index] = open();
    for (let count = Math.ceil(random() * 4); count > 0; count--)
      asked.push(ask(instances[index] as Budgets));
  }
  await clock.run(Promise.all(asked));
  return { writes, orders, certificates, objectWrites };
}

function slow(
  objects: ObjectStore,
  pause: (ms: number) => Promise<void>,
  random: () => number,
  written: (name: string) => void,
): ObjectStore {
  const call = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    await pause(random() * 400);
    if (random() < 0.03) throw new Error("Storage is down.");
    const result = await run();
    await pause(random() * 400);
    if (random() < 0.03) throw new Error("The reply was lost.");
    return result;
  };
  const noting = async <Result extends string>(name: string, writing: Promise<Result>): Promise<Result> => {
    const result = await writing;
    if (result === "created" || result === "replaced") written(name);
    return result;
  };
  return {
    read: (...args) => call(() => objects.read(...args)),
    create: (...args) => call(() => noting(args[0], objects.create(...args))),
    replace: (...args) => call(() => noting(args[0], objects.replace(...args))),
    remove: (...args) => call(() => objects.remove(...args)),
    list: (...args) => call(() => objects.list(...args)),
  };
}

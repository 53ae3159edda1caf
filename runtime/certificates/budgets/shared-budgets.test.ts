import { expect, test } from "@jest/globals";
import type { Budgets } from "./budgets.ts";
import { ALICE, BOB, BudgetWorld, HOUR_MS } from "./testing/world.ts";

const SHOP = "shop.example.test";

test("an order costs what each of its limits counts, as objects of one write each", async () => {
  const world = new BudgetWorld();
  expect(await world.take(world.instance(), "first-order", SHOP)).toEqual({ kind: "granted" });
  expect(world.objects.names).toEqual([
    "budgets/ca/domains/example.test.json",
    `budgets/ca/names/${SHOP}.json`,
    "budgets/ca/orders.json",
    "budgets/ca/orders/alice%40customers.example.json",
    "budgets/cdn/writes.json",
    "budgets/cdn/writes/alice%40customers.example.json",
  ]);
});

test("a renewal by ARI, an activation and a removal cost nothing at the CA", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  for (const work of ["ari-renewal", "cleaning", "activation", "removal", "validation"] as const) {
    expect((await world.take(budgets, work, SHOP)).kind).toBe("granted");
  }
  expect(world.objects.names.filter((name) => name.startsWith("budgets/ca/"))).toEqual([]);
});

test("a name has four orders a week, and the next when the oldest is made good", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  for (let order = 0; order < 4; order++) {
    expect((await world.take(budgets, "first-order", SHOP)).kind).toBe("granted");
  }
  const refused = await world.take(budgets, "first-order", SHOP);
  expect(refused).toMatchObject({
    kind: "wait",
    limit: `The certificate authority's limit of certificates for ${SHOP}`,
  });
  if (refused.kind !== "wait") return;
  expect((refused.until.getTime() - world.clock.monotonicMs()) / HOUR_MS).toBeCloseTo(42, 0);
  await world.clock.run(world.clock.sleep(refused.until.getTime() - world.clock.monotonicMs()));
  expect((await world.take(budgets, "first-order", SHOP)).kind).toBe("granted");
});

test("an order that ended without a certificate gives back what counts certificates", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  for (let order = 0; order < 10; order++) {
    expect((await world.take(budgets, "first-order", SHOP)).kind).toBe("granted");
    const spending = { work: "first-order", customer: BOB, domain: SHOP } as const;
    await world.clock.run(world.instance().giveBack(spending));
  }
});

test("names that are registered under a public suffix of their own do not share its limit", async () => {
  const world = new BudgetWorld({ certificatesPerDomainPerWeek: 5 });
  const budgets = world.instance();
  for (let index = 0; index < 8; index++) {
    expect((await world.take(budgets, "first-order", `shop${index}.github.io`)).kind).toBe("granted");
  }
});

test("what is refused for one limit costs nothing of the others", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  await world.granted(budgets, "renewal", 1);
  for (let order = 0; order < 4; order++) await world.take(budgets, "renewal", SHOP);
  const before = await levels(world);
  for (let attempt = 0; attempt < 20; attempt++) {
    expect((await world.take(budgets, "renewal", SHOP)).kind).toBe("wait");
  }
  expect(await levels(world)).toEqual(before);
});

test("of orders that meet at one instance, those that cannot be activated cost nothing at the CA", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  const grants = await world.clock.run(
    Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        budgets.take({ work: "renewal", customer: BOB, domain: `shop.d${index}.test` }),
      ),
    ),
  );
  const granted = grants.filter(({ kind }) => kind === "granted").length;
  expect(granted).toBeGreaterThan(20);
  expect(granted).toBeLessThan(30);
  expect(world.objects.names.filter((name) => name.startsWith("budgets/ca/names/"))).toHaveLength(granted);
});

test("of two orders for the last certificate of a name, the one that comes too late costs nothing else", async () => {
  const world = new BudgetWorld({ certificatesPerDomainPerWeek: 10 });
  const budgets = world.instance();
  const order = (domain: string) => budgets.take({ work: "renewal", customer: BOB, domain });
  for (let count = 0; count < 3; count++) await world.clock.run(order(SHOP));
  const last = await world.clock.run(Promise.all([order(SHOP), order(SHOP)]));
  expect(last.map(({ kind }) => kind).sort()).toEqual(["granted", "wait"]);
  const others = ["a", "b", "c", "d", "e", "f"].map((name) => order(`${name}.example.test`));
  const granted = await world.clock.run(Promise.all(others));
  expect(granted.filter(({ kind }) => kind === "granted")).toHaveLength(9 - 4);
});

test("what an instance leased and did not spend before it died is lost, and is little", async () => {
  const world = new BudgetWorld();
  for (let index = 0; index < 10; index++) {
    await world.take(world.instance(), "ari-renewal", `d${index}.test`);
  }
  // 80 at first, 30 of them spent.
  expect(await world.granted(world.instance(), "ari-renewal", 30)).toBeGreaterThanOrEqual(12);
});

test("where there is much, an instance takes for many who come one after another by few writes", async () => {
  const world = new BudgetWorld({ ordersPer3Hours: 1_000_000, writesPerHour: 1_000_000 });
  const budgets = world.instance();
  let writes = 0;
  const replace = world.objects.replace.bind(world.objects);
  world.objects.replace = (...args) => {
    writes++;
    return replace(...args);
  };
  const started = world.clock.monotonicMs();
  expect(await world.granted(budgets, "ari-renewal", 1_000)).toBe(1_000);
  expect(writes).toBeLessThan(60);
  expect(world.clock.monotonicMs() - started).toBeLessThan(120_000);
});

test("a bucket that cannot be read, or was written by a clock that was wrong, fills again from empty", async () => {
  const world = new BudgetWorld();
  const aYearAhead = world.instance({ clockMs: 365 * 24 * HOUR_MS });
  await world.take(aYearAhead, "ari-renewal", SHOP);
  expect((await world.take(world.instance(), "ari-renewal", SHOP)).kind).toBe("wait");
  const found = await world.objects.read("budgets/cdn/renewals.json");
  await world.objects.replace("budgets/cdn/renewals.json", "{", found?.generation ?? "");
  const refused = await world.take(world.instance(), "ari-renewal", SHOP);
  expect(refused.kind).toBe("wait");
  await world.clock.run(world.clock.sleep(HOUR_MS));
  expect((await world.take(world.instance(), "ari-renewal", SHOP)).kind).toBe("granted");
});

async function levels(world: BudgetWorld) {
  return Promise.all(
    world.objects.names.map(async (name) => [name, (await world.objects.read(name))?.bytes.toString()]),
  );
}

test("takes what there is though who took last had a clock that was an hour ahead", async () => {
  const world = new BudgetWorld();
  const register = (budgets: Budgets) => world.clock.run(budgets.takeRegistration(ALICE));
  expect(await register(world.instance({ clockMs: HOUR_MS }))).toEqual({ kind: "granted" });
  expect(await register(world.instance())).toEqual({ kind: "granted" });
});

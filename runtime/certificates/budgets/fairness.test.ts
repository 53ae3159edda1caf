import { expect, test } from "@jest/globals";
import { ALICE, BOB, BudgetWorld, HOUR_MS } from "./testing/world.ts";

/** Asks until it is granted, as often as it is told to wait. */
async function persist(world: BudgetWorld, budgets: ReturnType<BudgetWorld["instance"]>, domain: string) {
  for (;;) {
    const grant = await budgets.take({ work: "first-order", customer: ALICE, domain });
    if (grant.kind === "granted") return;
    await world.clock.sleep(grant.until.getTime() - world.clock.monotonicMs());
  }
}

test("500 registrations of one customer leave another's next one unhurried, at whatever time it comes", async () => {
  const world = new BudgetWorld();
  const [first, second] = [world.instance(), world.instance()];
  const started = world.clock.monotonicMs();
  let doneAt = 0;
  const hers = Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      persist(world, index % 2 === 0 ? first : second, `shop.hers-${index}.test`),
    ),
  ).then(() => {
    doneAt = world.clock.monotonicMs();
  });
  for (let index = 0; index < 60; index++) {
    expect(await world.take(second, "first-order", `shop.his-${index}.test`, BOB)).toEqual({
      kind: "granted",
    });
    await world.clock.run(world.clock.sleep(300_000));
  }
  await world.clock.run(hers);
  // What nobody else wants is hers beyond her share: a fourth of the CA's would have taken a day.
  expect((doneAt - started) / HOUR_MS).toBeLessThan(8);
});

test("who must wait is told a time of his own, as what he waits for flows in", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  await world.granted(budgets, "validation", 100);
  const times: number[] = [];
  for (let index = 0; index < 20; index++) {
    const grant = await world.take(budgets, "validation", `w${index}.test`);
    if (grant.kind === "wait") times.push(grant.until.getTime());
  }
  expect(times).toHaveLength(20);
  expect(new Set(times).size).toBe(20);
  expect(times).toEqual([...times].sort());
});

test("registrations leave a reserve to renewals", async () => {
  const world = new BudgetWorld();
  const budgets = world.instance();
  const customers = Array.from({ length: 10 }, (_, index) => `c${index}@customers.example`);
  for (const customer of customers) await world.granted(budgets, "first-order", 20, customer);
  expect(await world.take(budgets, "first-order", "one.more.test", BOB)).toMatchObject({
    kind: "wait",
    limit: "The delivery network's limit of changes",
  });
  expect(await world.granted(budgets, "ari-renewal", 5)).toBe(5);
  expect(await world.granted(budgets, "renewal", 1)).toBe(1);
});

test("a mass revocation, which renews all the time, lets registrations and removals live", async () => {
  const world = new BudgetWorld();
  const [renewing, registering] = [world.instance(), world.instance()];
  const ends = world.clock.monotonicMs() + 5 * HOUR_MS;
  let renewed = 0;
  const renew = async () => {
    while (world.clock.monotonicMs() < ends) {
      const grant = await renewing.take({ work: "ari-renewal", customer: ALICE, domain: "any.test" });
      if (grant.kind === "granted") renewed++;
      else await world.clock.sleep(Math.max(1, grant.until.getTime() - world.clock.monotonicMs()));
    }
  };
  let registered = 0;
  const register = async () => {
    while (world.clock.monotonicMs() < ends) {
      const domain = `n${registered}.reg-${registered}.test`;
      const grant = await registering.take({ work: "first-order", customer: BOB, domain });
      if (grant.kind === "granted") registered++;
      else await world.clock.sleep(Math.max(1, grant.until.getTime() - world.clock.monotonicMs()));
    }
  };
  await world.clock.run(Promise.all([renew(), renew(), renew(), register()]));
  expect(renewed / 5).toBeGreaterThan(220);
  expect(registered / 5).toBeGreaterThan(15);
});

test("over his share, a customer's registration is of use again when one has flowed in", async () => {
  const world = new BudgetWorld({ registrationsPerHour: 10 });
  const budgets = world.instance();
  const register = (customer: string) => world.clock.run(budgets.takeRegistration(customer));
  for (let index = 0; index < 20; index++) expect((await register(ALICE)).kind).toBe("granted");
  const refused = await register(ALICE);
  expect(refused).toMatchObject({ kind: "wait", limit: "The customer's share of registrations" });
  expect((await register(BOB)).kind).toBe("granted");
  if (refused.kind !== "wait") return;
  expect(refused.until.getTime() - world.clock.monotonicMs()).toBeLessThanOrEqual(HOUR_MS / 10);
  await world.clock.run(world.clock.sleep(refused.until.getTime() - world.clock.monotonicMs()));
  expect((await register(ALICE)).kind).toBe("granted");
  expect((await register(ALICE)).kind).toBe("wait");
});

test("a registration that another request made costs nothing", async () => {
  const world = new BudgetWorld({ registrationsPerHour: 1 });
  const budgets = world.instance();
  for (let index = 0; index < 10; index++) {
    expect((await world.clock.run(budgets.takeRegistration(ALICE))).kind).toBe("granted");
    budgets.giveBackRegistration(ALICE);
  }
});

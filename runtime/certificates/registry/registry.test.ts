import { beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { openRegistry } from "./bucket-registry.ts";
import type { DomainRecord } from "./lifecycle.ts";
import { InvalidPageToken, type Registry } from "./registry.ts";

const AT = "2026-11-01T12:00:00.000Z";

let objects: MemoryObjectStore;
let registry: Registry;

beforeEach(() => {
  objects = new MemoryObjectStore();
  registry = openRegistry(objects);
});

const recordOf = (domain: string, fields: Partial<DomainRecord> = {}): DomainRecord => ({
  domain,
  customer: "alice@customers.example",
  lifecycle: "registered",
  orderNumber: 1,
  registeredAt: AT,
  updatedAt: AT,
  ...fields,
});

async function generationOf(domain: string): Promise<string> {
  return (await registry.find(domain))?.generation ?? "";
}

test("a record is made once and changed by whoever saw its newest generation", async () => {
  const record = recordOf("a.test");
  expect(await registry.find("a.test")).toBeUndefined();
  expect(await registry.create(record)).toBe("created");
  expect(await registry.create(recordOf("a.test", { customer: "bob" }))).toBe("exists");
  const generation = await generationOf("a.test");
  const failed = recordOf("a.test", { lifecycle: "failed", reason: "DNS leads elsewhere: ü.", retryAt: AT });
  expect(await registry.update(failed, generation)).toBe("updated");
  expect(await registry.update(record, generation)).toBe("changed");
  expect((await registry.find("a.test"))?.record).toEqual(failed);
});

test("what could not be read again is not written", async () => {
  await expect(registry.create(recordOf("a.test", { orderNumber: 0 }))).rejects.toThrow('Record of "a.test"');
  await expect(
    registry.append("a.test", 1, { phase: "ordered", at: AT, detail: { url: "x".repeat(7_000) } }),
  ).rejects.toThrow('Journal entry "ordered": detail must be 6144 bytes or less; got 7010.');
  await registry.create(recordOf("a.test", { lifecycle: "failed", reason: "x".repeat(5_000) }));
  expect((await registry.find("a.test"))?.record.reason).toHaveLength(1_000);
  expect(objects.names).toEqual(["domains/a.test.json"]);
});

describe("a listing", () => {
  test("shows records whole without reading one, by name, in pages, for one customer or all", async () => {
    const expected: DomainRecord[] = [];
    for (let number = 10; number < 35; number++) {
      const record = recordOf(`d${number}.test`, {
        customer: number % 3 === 0 ? "bob" : "alice",
        lifecycle: "active",
        orderNumber: number,
        notAfter: AT,
      });
      expected.push(record);
      await registry.create(record);
    }
    objects.read = () => Promise.reject(new Error("a listing must not read"));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(undefined, "alice", "bob", "carol"),
        async (pageSize, customer) => {
          const listed: DomainRecord[] = [];
          let pageToken: string | undefined;
          do {
            const page = await registry.list({
              pageSize,
              ...(customer !== undefined && { customer }),
              ...(pageToken !== undefined && { pageToken }),
            });
            expect(page.records.length).toBeLessThanOrEqual(pageSize);
            listed.push(...page.records);
            pageToken = page.nextPageToken;
          } while (pageToken !== undefined);
          expect(listed).toEqual(
            expected.filter((record) => customer === undefined || record.customer === customer),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each(["x", "", Buffer.from("[]").toString("base64url")])(
    "refuses the page token %j",
    async (pageToken) => {
      await expect(registry.list({ pageSize: 10, pageToken })).rejects.toThrow(InvalidPageToken);
    },
  );
});

describe("a journal", () => {
  test("has one entry a phase, in the order of phases, apart for each order", async () => {
    const ordered = { phase: "ordered", at: AT, detail: { url: "https://ca.example/order/1" } } as const;
    expect(await registry.append("a.test", 1, ordered)).toBe("appended");
    expect(await registry.append("a.test", 1, { phase: "validating", at: AT, detail: {} })).toBe("appended");
    expect(
      await registry.append("a.test", 1, { ...ordered, detail: { url: "https://ca.example/order/2" } }),
    ).toBe("exists");
    await registry.append("a.test", 12, { phase: "registered", at: AT, detail: {} });
    await registry.append("b.a.test", 1, { phase: "active", at: AT, detail: {} });
    expect(await registry.journal("a.test", 1)).toEqual([
      { phase: "validating", at: AT, detail: {} },
      ordered,
    ]);
    expect(await registry.journal("a.test", 2)).toEqual([]);
  });
});

test("knows that any order of a domain was validated, however many there are, and not a neighbour's", async () => {
  for (let number = 1; number <= 1_100; number++) {
    await registry.append("a.test", number, { phase: "registered", at: AT, detail: {} });
  }
  await registry.append("b.a.test", 1, { phase: "validated", at: AT, detail: {} });
  expect(await registry.wasValidated("a.test")).toBe(false);
  // Among the last by name.
  await registry.append("a.test", 999, { phase: "validated", at: AT, detail: {} });
  expect(await registry.wasValidated("a.test")).toBe(true);
});

describe("removing", () => {
  test("takes all of a domain but the number of its last order, and nothing of its neighbours", async () => {
    await registry.create(recordOf("a.test", { orderNumber: 3, lifecycle: "removing" }));
    await registry.create(recordOf("b.a.test"));
    for (const [domain, number] of [
      ["a.test", 1],
      ["a.test", 3],
      ["b.a.test", 1],
    ] as const) {
      await registry.append(domain, number, { phase: "registered", at: AT, detail: {} });
    }
    expect(await registry.remove("a.test", "0")).toBe("changed");
    expect(await registry.remove("a.test", await generationOf("a.test"))).toBe("removed");
    expect(await registry.remove("a.test", "0")).toBe("absent");
    expect(objects.names).toEqual([
      "domains/b.a.test.json",
      "orders/b.a.test/1/registered.json",
      "removed/a.test.json",
    ]);
    expect(await registry.firstOrderNumber("a.test")).toBe(4);
    expect(await registry.firstOrderNumber("c.test")).toBe(1);

    await registry.create(recordOf("a.test", { orderNumber: 4 }));
    await registry.remove("a.test", await generationOf("a.test"));
    expect(await registry.firstOrderNumber("a.test")).toBe(5);
  });

  test("can be done again after a crash at any of its writes", async () => {
    for (let crashAt = 1; ; crashAt++) {
      objects = new MemoryObjectStore();
      registry = openRegistry(objects);
      await registry.create(recordOf("a.test", { orderNumber: 2, lifecycle: "removing" }));
      await registry.append("a.test", 1, { phase: "registered", at: AT, detail: {} });
      await registry.append("a.test", 2, { phase: "registered", at: AT, detail: {} });
      const crashed = await crashing(crashAt, () =>
        generationOf("a.test").then((seen) => registry.remove("a.test", seen)),
      );
      expect(await registry.remove("a.test", await generationOf("a.test"))).toBe(
        crashed ? "removed" : "absent",
      );
      expect(objects.names).toEqual(["removed/a.test.json"]);
      expect(await registry.firstOrderNumber("a.test")).toBe(3);
      if (!crashed) return;
    }
  });
});

/** Runs `work` and fails its n-th write before it takes effect. @returns whether it came to that. */
async function crashing(number: number, work: () => Promise<unknown>): Promise<boolean> {
  const { create, remove } = objects;
  let writes = 0;
  const count = () => {
    if (++writes === number) throw new Error("crash");
  };
  objects.create = async (...args) => {
    count();
    return create.apply(objects, args);
  };
  objects.remove = async (...args) => {
    count();
    return remove.apply(objects, args);
  };
  const crashed = await work().then(
    () => false,
    () => true,
  );
  Object.assign(objects, { create, remove });
  return crashed;
}

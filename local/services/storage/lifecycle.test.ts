import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { StorageFixture } from "./testing/storage.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2027-01-10T12:00:00Z");

const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => {
  fixture.clear();
  fixture.now = START;
});
afterAll(() => fixture.close());

const deleting = (condition: object) => ({ action: { type: "Delete" }, condition });

/** Objects `a/1.log`, `a/2.txt` and `b/1.log`, with rules over them. */
function fill(bucket: string, rules: readonly object[], properties: object = {}): void {
  fixture.makeBucket(bucket, { lifecycleRules: rules, ...properties });
  for (const name of ["a/1.log", "a/2.txt", "b/1.log"])
    fixture.storage.write(bucket, name, Buffer.from(name));
}

/** Names of live objects, and of noncurrent ones with a tilde. */
function left(bucket: string): string[] {
  return fixture.kernel.db
    .prepare("SELECT name, time_deleted FROM storage_objects WHERE bucket = ? ORDER BY name, generation")
    .all(bucket)
    .map(({ name, time_deleted }) => `${time_deleted === null ? "" : "~"}${name}`);
}

const ALL = ["a/1.log", "a/2.txt", "b/1.log"];

test.each<[string, object, number, readonly string[]]>([
  ["an age not reached", { age: 3 }, 3 * DAY_MS - 1, ALL],
  ["an age reached", { age: 3 }, 3 * DAY_MS, []],
  [
    "an age of zero that isn't sent, beside a prefix",
    { age: 0, matchesPrefixes: ["b/"] },
    0,
    ["a/1.log", "a/2.txt"],
  ],
  ["an age of zero that is sent", { age: 0, sendAgeIfZero: true }, 0, []],
  ["a prefix", { age: 1, matchesPrefixes: ["a/", "c/"] }, DAY_MS, ["b/1.log"]],
  ["a suffix", { age: 1, matchesSuffixes: [".log"] }, DAY_MS, ["a/2.txt"]],
  ["a date of creation in the past", { createdBefore: "2027-01-10" }, DAY_MS, ALL],
  ["a date of creation to come", { createdBefore: "2027-01-11" }, 0, []],
  ["another class", { matchesStorageClasses: ["NEARLINE"] }, 0, ALL],
  ["its class", { matchesStorageClasses: ["STANDARD"] }, 0, []],
  ["archived ones, of which there are none", { withState: "ARCHIVED" }, 0, ALL],
  ["live ones", { withState: "LIVE" }, 0, []],
  ["a size below which nothing is", { sizeBelowBytes: 7 }, 0, ALL],
  ["a custom time that none has", { daysSinceCustomTime: 1 }, 9 * DAY_MS, ALL],
  ["no condition at all", {}, 99 * DAY_MS, ALL],
])("a rule with %s deletes what it is about", async (_, condition, laterMs, expected) => {
  fill("b", [deleting(condition)]);
  fixture.now += laterMs;
  await fixture.storage.sweep();
  expect(left("b")).toEqual(expected);
});

test("a custom time counts from itself", async () => {
  fixture.makeBucket("b", { lifecycleRules: [deleting({ daysSinceCustomTime: 2 })] });
  const bucket = await fixture.client();
  const customTime = new Date(START - DAY_MS).toISOString();
  await bucket.file("o").save("x", { metadata: { customTime } });
  await fixture.storage.sweep();
  expect(left("b")).toEqual(["o"]);
  fixture.now += DAY_MS;
  await fixture.storage.sweep();
  expect(left("b")).toEqual([]);
});

test("where versioning is on a deletion makes noncurrent first, and counts newer ones and noncurrent days", async () => {
  const versioning = { versioning: { enabled: true } };
  fixture.makeBucket("v", {
    ...versioning,
    lifecycleRules: [deleting({ numNewerVersions: 2 }), deleting({ daysSinceNoncurrentTime: 5 })],
  });
  for (const text of ["1", "2", "3", "4"]) fixture.storage.write("v", "o", Buffer.from(text));
  await fixture.storage.sweep();
  expect(left("v")).toEqual(["~o", "o"]);
  fixture.now += 5 * DAY_MS;
  await fixture.storage.sweep();
  expect(left("v")).toEqual(["o"]);

  fixture.makeBucket("v", { ...versioning, lifecycleRules: [deleting({ age: 1 })] });
  await fixture.storage.sweep();
  expect(left("v")).toEqual(["~o"]);
  await fixture.storage.sweep();
  expect(left("v")).toEqual([]);
  expect(fixture.stored()).toEqual([]);
});

test("a class changes in place and only cools down, and a deletion goes before it", async () => {
  const cooling = (storageClass: string, condition: object) => ({
    action: { type: "SetStorageClass", storageClass },
    condition,
  });
  fill("b", [
    cooling("NEARLINE", { age: 1 }),
    cooling("COLDLINE", { age: 2 }),
    cooling("STANDARD", { age: 3 }),
    deleting({ age: 2, matchesPrefixes: ["b/"] }),
  ]);
  const file = (await fixture.client()).file("a/1.log");
  const [{ generation }] = await file.getMetadata();
  for (const [days, storageClass] of [
    [1, "NEARLINE"],
    [2, "COLDLINE"],
    [3, "COLDLINE"],
  ] as const) {
    fixture.now = START + days * DAY_MS;
    await fixture.storage.sweep();
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({ storageClass, generation, metageneration: "1" });
  }
  expect(left("b")).toEqual(["a/1.log", "a/2.txt"]);
  expect((await file.getMetadata())[0].timeStorageClassUpdated).toBe(
    new Date(START + 2 * DAY_MS).toISOString(),
  );
});

test("what a retention policy keeps waits for its day", async () => {
  fill("r", [deleting({ age: 1 })], { retentionPolicy: { retentionPeriod: String(3 * 86_400) } });
  fixture.now += 2 * DAY_MS;
  await fixture.storage.sweep();
  expect(left("r")).toEqual(ALL);
  fixture.now += DAY_MS;
  await fixture.storage.sweep();
  expect(left("r")).toEqual([]);
});

test("what it deletes is soft-deleted where the bucket has that", async () => {
  fill("b", [deleting({ age: 1 })], { softDeletePolicy: { retentionDurationSeconds: 7 * 86_400 } });
  fixture.now += DAY_MS;
  await fixture.storage.sweep();
  const bucket = await fixture.client();
  expect((await bucket.getFiles({ softDeleted: true }))[0]).toHaveLength(3);
});

test("a bucket of many objects is swept whole", async () => {
  fixture.makeBucket("b", { lifecycleRules: [deleting({ age: 1, matchesSuffixes: ["0"] })] });
  for (let index = 0; index < 450; index += 1) {
    fixture.storage.write("b", String(index), Buffer.from("x"));
  }
  fixture.now += DAY_MS;
  await fixture.storage.sweep();
  expect(left("b")).toHaveLength(405);
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { StorageFixture } from "../../local/services/storage/testing/storage.ts";
import { openBuckets } from "../../runtime/google/bucket.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import { MemoryObjectStore } from "../../runtime/google/testing/memory-object-store.ts";
import { MemoryStorageApi } from "../../runtime/google/testing/memory-storage-api.ts";
import { SYSTEM_CLOCK } from "../../runtime/workload/clock.ts";
import { VirtualClock } from "../../runtime/workload/testing/virtual-clock.ts";

const local = new StorageFixture();
let clock: VirtualClock;

beforeAll(() => local.open());
beforeEach(() => {
  local.clear();
  clock = new VirtualClock();
});
afterAll(() => local.close());

function openMemoryApi(): ObjectStore {
  const api = new MemoryStorageApi(clock);
  const send: MemoryStorageApi["send"] = (url, request) => api.send(url, request);
  return openBuckets({ STORAGE_EMULATOR_HOST: "http://storage.test" }, { send, clock })("b");
}

const STORES: readonly [string, () => ObjectStore | Promise<ObjectStore>][] = [
  ["a bucket in memory", () => new MemoryObjectStore()],
  ["our client on Storage in memory", openMemoryApi],
  ["our client on local Storage", async () => openBuckets({ STORAGE_EMULATOR_HOST: await local.url() })("b")],
];

describe.each(STORES)("%s", (_name, open) => {
  let store: ObjectStore;
  /** By the clock that the store goes by, which one in another process is not. */
  const settled = <T>(work: Promise<T>) => (open === openMemoryApi ? clock.run(work) : work);

  beforeEach(async () => {
    store = await open();
  });

  test("creates once, and keeps bytes and metadata", async () => {
    const bytes = Buffer.from([0, 13, 10, 45, 45, 255]);
    expect(await settled(store.create("a/ä b.json", bytes, { metadata: { customer: "ä" } }))).toBe("created");
    expect(await settled(store.create("a/ä b.json", "other"))).toBe("exists");
    expect((await settled(store.read("a/ä b.json")))?.bytes).toEqual(bytes);
    const { objects } = await settled(store.list({ prefix: "a/", pageSize: 10 }));
    expect(objects).toMatchObject([{ name: "a/ä b.json", metadata: { customer: "ä" } }]);
  });

  test("reads nothing where there is nothing", async () => {
    expect(await settled(store.read("absent"))).toBeUndefined();
    expect(await settled(store.remove("absent"))).toBe("absent");
    expect(await settled(store.list({ prefix: "absent", pageSize: 5 }))).toMatchObject({ objects: [] });
  });

  test("replaces and removes the generation that was read, and no other", async () => {
    await settled(store.create("a", "one"));
    const first = (await settled(store.read("a")))?.generation ?? "";
    expect(await settled(store.replace("a", "two", first))).toBe("replaced");
    expect(await settled(store.replace("a", "three", first))).toBe("changed");
    expect(await settled(store.remove("a", first))).toBe("changed");
    const second = (await settled(store.read("a")))?.generation ?? "";
    expect(await settled(store.remove("a", second))).toBe("removed");
    expect(await settled(store.replace("a", "four", second))).toBe("changed");
    expect(await settled(store.create("a", "five"))).toBe("created");
  });

  test("of many creators one sees that he is, and of many replacers of one generation too", async () => {
    const names = ["1", "2", "3", "4", "5", "6"];
    const created = await settled(Promise.all(names.map((name) => store.create("a", name))));
    expect(created.filter((outcome) => outcome === "created")).toHaveLength(1);
    const generation = (await settled(store.read("a")))?.generation ?? "";
    const replaced = await settled(Promise.all(names.map((name) => store.replace("a", name, generation))));
    expect(replaced.filter((outcome) => outcome === "replaced")).toHaveLength(1);
  });

  test("lists in the order of names, page by page, what starts as asked", async () => {
    const names = ["x/1", "x/10", "x/2", "x/a", "x/B", "y/1", "x"];
    for (const name of names) await settled(store.create(name, ""));
    const listed: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await settled(store.list({ prefix: "x/", pageSize: 2, ...(pageToken && { pageToken }) }));
      expect(page.objects.length).toBeLessThanOrEqual(2);
      listed.push(...page.objects.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(listed).toEqual(["x/1", "x/10", "x/2", "x/B", "x/a"]);
  });
});

test("Storage in memory takes one write a second for a name, for which our client waits", async () => {
  const store = openMemoryApi();
  const before = clock.monotonicMs();
  await clock.run(store.create("a", "one"));
  const generation = (await clock.run(store.read("a")))?.generation ?? "";
  expect(await clock.run(store.replace("a", "two", generation))).toBe("replaced");
  expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(1_000);
  expect(SYSTEM_CLOCK.monotonicMs()).toBeLessThan(clock.monotonicMs());
});

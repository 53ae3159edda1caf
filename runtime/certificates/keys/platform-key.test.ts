import { beforeEach, expect, test } from "@jest/globals";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { openPlatformKey } from "./platform-key.ts";

let objects: MemoryObjectStore;

beforeEach(() => {
  objects = new MemoryObjectStore();
});

test("whoever comes first makes it, and everybody has the same for ever", async () => {
  const keys = await Promise.all(
    Array.from({ length: 20 }, () => openPlatformKey(objects).derive("page-tokens")),
  );
  expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(1);
  expect(keys[0]).toHaveLength(32);
  expect(await openPlatformKey(objects).derive("page-tokens")).toEqual(keys[0]);
  expect(objects.names).toEqual(["keys/api.json"]);
});

test("differs by purpose, and from platform to platform", async () => {
  const key = await openPlatformKey(objects).derive("page-tokens");
  expect(await openPlatformKey(objects).derive("ownership")).not.toEqual(key);
  expect(await openPlatformKey(new MemoryObjectStore()).derive("page-tokens")).not.toEqual(key);
});

test("is asked for again after an outage, and read once otherwise", async () => {
  let reads = 0;
  const read = objects.read.bind(objects);
  objects.read = async (name) => {
    reads++;
    if (reads === 1) throw new Error("outage");
    return read(name);
  };
  const key = openPlatformKey(objects);
  await expect(key.derive("ownership")).rejects.toThrow("outage");
  await key.derive("ownership");
  await key.derive("page-tokens");
  expect(reads).toBe(2);
});

test("an object that holds no key is an error that does not show what it holds", async () => {
  await objects.create("keys/api.json", '{"key":"c2hvcnQ="}');
  await expect(openPlatformKey(objects).derive("ownership")).rejects.toThrow(
    '"keys/api.json" must hold a key of 32 bytes in base64.',
  );
});

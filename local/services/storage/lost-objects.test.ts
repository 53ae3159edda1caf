import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { READER, StorageFixture } from "./testing/storage.ts";

const DAY_MS = 86_400_000;
const WEEK = { softDeletePolicy: { retentionDurationSeconds: 7 * 86_400 } };

const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

describe("soft deletion", () => {
  test("keeps what is deleted and what is overwritten, and gives it back as a new generation", async () => {
    fixture.makeBucket("b", WEEK);
    const bucket = await fixture.client();
    const file = bucket.file("o");
    await file.save("1", { contentType: "text/plain", metadata: { metadata: { a: "1" } } });
    await file.save("2");
    await file.delete();
    expect((await bucket.getFiles())[0]).toEqual([]);
    const [gone] = await bucket.getFiles({ softDeleted: true });
    expect(gone).toHaveLength(2);
    const [first] = gone;
    const generation = Number(first?.metadata.generation);
    expect(first?.metadata).toMatchObject({
      softDeleteTime: new Date(fixture.now).toISOString(),
      hardDeleteTime: new Date(fixture.now + 7 * DAY_MS).toISOString(),
    });
    await expect(bucket.file("o", { generation }).download()).rejects.toMatchObject({ code: 404 });

    await file.restore({ generation });
    expect((await file.download())[0].toString()).toBe("1");
    const [metadata] = await file.getMetadata();
    expect(metadata).toMatchObject({ contentType: "text/plain", metadata: { a: "1" }, metageneration: "1" });
    expect(Number(metadata.generation)).toBeGreaterThan(generation);
    expect((await bucket.getFiles({ softDeleted: true }))[0]).toHaveLength(2);
  });

  test("ends after the bucket's days, bytes and all", async () => {
    fixture.makeBucket("b", WEEK);
    const bucket = await fixture.client();
    await bucket.file("o").save("1");
    await bucket.file("o").delete();
    fixture.now += 7 * DAY_MS - 1;
    await fixture.storage.sweep();
    expect(fixture.stored()).toHaveLength(1);
    fixture.now += 1;
    await fixture.storage.sweep();
    expect(fixture.stored()).toEqual([]);
    expect((await bucket.getFiles({ softDeleted: true }))[0]).toEqual([]);
  });

  test("is not for buckets without it, nor does it keep one from going", async () => {
    fixture.makeBucket("b");
    const bucket = await fixture.client();
    await bucket.file("o").save("1");
    await bucket.file("o").delete();
    expect((await bucket.getFiles({ softDeleted: true }))[0]).toEqual([]);
    fixture.makeBucket("b", WEEK);
    await bucket.file("o").save("1");
    await bucket.file("o").delete();
    expect(fixture.storage.isEmpty("b")).toBe(true);
    fixture.storage.clear("b");
    expect(fixture.stored()).toEqual([]);
  });

  test("needs the generation, the permission, and an object that is there", async () => {
    fixture.makeBucket("b", WEEK);
    const file = (await fixture.client()).file("o");
    await file.save("1");
    const generation = Number((await file.getMetadata())[0].generation);
    await file.delete();
    const url = `${await fixture.url()}/storage/v1/b/b/o/o`;
    expect((await fetch(`${url}/restore`, { method: "POST" })).status).toBe(400);
    expect((await fetch(`${url}?softDeleted=true&generation=${generation}`)).status).toBe(200);
    expect((await fetch(`${url}?softDeleted=true&alt=media&generation=${generation}`)).status).toBe(400);
    expect((await fetch(`${await fixture.url()}/b/b/o?softDeleted=true&versions=true`)).status).toBe(400);
    await expect(file.restore({ generation: generation + 1 })).rejects.toMatchObject({ code: 404 });
    const reading = (await fixture.client({ email: READER })).file("o");
    await expect(reading.restore({ generation })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining("storage.objects.restore"),
    });
    await file.save("2");
    await expect(file.restore({ generation, ifGenerationMatch: 0 })).rejects.toMatchObject({ code: 412 });
  });
});

describe("versioning", () => {
  test("a noncurrent generation is read, copied back and deleted by its number", async () => {
    fixture.makeBucket("v", { versioning: { enabled: true } });
    const bucket = await fixture.client({ bucket: "v" });
    await bucket.file("o").save("1");
    await bucket.file("o").save("2");
    const [versions] = await bucket.getFiles({ versions: true });
    const [old] = versions;
    const generation = Number(old?.metadata.generation);
    const noncurrent = bucket.file("o", { generation });
    expect((await noncurrent.download())[0].toString()).toBe("1");
    await noncurrent.copy(bucket.file("o"));
    expect((await bucket.file("o").download())[0].toString()).toBe("1");
    await noncurrent.delete();
    expect((await bucket.getFiles({ versions: true }))[0]).toHaveLength(2);
    await expect(noncurrent.download()).rejects.toMatchObject({ code: 404 });
  });
});

describe("composition", () => {
  test("joins objects, knows of how many, and has no MD5", async () => {
    const bucket = await fixture.client();
    await bucket.file("a").save("hello ");
    await bucket.file("b").save("x".repeat(100_000));
    const [composed] = await bucket.combine(["a", "b", "a"], "c");
    expect((await composed.download())[0].toString()).toBe(`hello ${"x".repeat(100_000)}hello `);
    const [metadata] = await composed.getMetadata();
    expect(metadata).toMatchObject({ componentCount: 3, size: "100012" });
    expect(metadata.md5Hash).toBeUndefined();
    await bucket.combine(["c", "a"], "c");
    expect((await bucket.file("c").getMetadata())[0].componentCount).toBe(4);
  });

  test("refuses sources that are not there, and more than 32", async () => {
    const bucket = await fixture.client();
    await bucket.file("a").save("a");
    await expect(bucket.combine(["a", "none"], "c")).rejects.toMatchObject({ code: 404 });
    await expect(bucket.combine(Array(33).fill("a"), "c")).rejects.toMatchObject({
      code: 400,
      message: expect.stringContaining("sourceObjects"),
    });
    expect((await bucket.file("c").exists())[0]).toBe(false);
  });
});

test("signed URLs are refused by name", async () => {
  const response = await fetch(`${await fixture.url()}/b/o?X-Goog-Algorithm=x&X-Goog-Signature=abc`);
  expect(response.status).toBe(501);
  expect(await response.text()).toContain("does not support signed URLs");
});

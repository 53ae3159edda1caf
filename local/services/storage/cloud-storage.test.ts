import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { CREATOR, READER, StorageFixture } from "./testing/storage.ts";

const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

describe("objects through the official client", () => {
  test.each([
    ["resumable", { resumable: true }],
    ["simple", { resumable: false }],
    ["chunked", { resumable: true, chunkSize: 256 * 1024 }],
  ])(
    "come back as they were saved by a %s upload, with their metadata and checksums",
    async (_kind, options) => {
      const bytes = Buffer.alloc(700_001, "\r\n--x");
      const file = (await fixture.client()).file("orders/ä b/1.json");
      await file.save(bytes, {
        ...options,
        contentType: "text/plain",
        metadata: { metadata: { state: "active" } },
      });

      const [downloaded] = await file.download();
      expect(downloaded.equals(bytes)).toBe(true);
      const [metadata] = await file.getMetadata();
      expect(metadata).toMatchObject({
        name: "orders/ä b/1.json",
        size: "700001",
        contentType: "text/plain",
        metadata: { state: "active" },
        metageneration: "1",
        md5Hash: createHash("md5").update(bytes).digest("base64"),
      });
      const [range] = await file.download({ start: 2, end: 5 });
      expect(range.toString()).toBe("--x\r");
      expect(fixture.storage.find("b", file.name)).toMatchObject({
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
    },
  );

  test("are empty, or stored under the names that URLs would resolve, as well", async () => {
    const bucket = await fixture.client();
    await bucket.file("a/../%2e/b?c#d").save("");
    expect((await bucket.file("a/../%2e/b?c#d").download())[0]).toHaveLength(0);
    await bucket.file("simple").save("", { resumable: false });
    expect((await bucket.file("simple").exists())[0]).toBe(true);
  });

  test.each([
    ["small", "same"],
    ["large", "same".repeat(50_000)],
  ])(
    "that are %s exist until they are deleted, and their bytes until no object has them",
    async (_, same) => {
      const bucket = await fixture.client();
      await bucket.file("one").save(same);
      await bucket.file("one").copy(bucket.file("two"));
      expect(fixture.stored()).toEqual([createHash("sha256").update(same).digest("hex")]);
      await bucket.file("one").delete();
      expect((await bucket.file("one").exists())[0]).toBe(false);
      expect((await bucket.file("two").download())[0].toString()).toBe(same);
      await expect(bucket.file("one").delete()).rejects.toMatchObject({
        code: 404,
        message: "No such object: b/one",
      });
      await bucket.file("two").save(`other ${same}`);
      await bucket.file("two").delete();
      expect(fixture.stored()).toEqual([]);
      expect(fixture.storage.isEmpty("b")).toBe(true);
    },
  );

  test("that are stored gzipped are unzipped by whoever can't", async () => {
    const file = (await fixture.client()).file("page");
    await file.save(gzipSync("hello"), { metadata: { contentEncoding: "gzip" } });
    expect((await file.download())[0].toString()).toBe("hello");
    const plain = await fetch(`${await fixture.url()}/b/b/o/page?alt=media`, {
      headers: { "Accept-Encoding": "identity" },
    });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe("hello");
  });

  test("survive a restart of the cloud, also where an earlier one kept them in files; what a crash left of bytes does not", async () => {
    const bucket = await fixture.client();
    await bucket.file("kept").save("kept", { metadata: { metadata: { a: "1" } } });
    const before = fixture.storage.find("b", "kept");
    const stray = fixture.path("objects", "stray.part");
    writeFileSync(stray, "left by a crash");
    await fixture.open();
    expect(fixture.storage.find("b", "kept")).toEqual(before);
    expect((await (await fixture.client()).file("kept").download())[0].toString()).toBe("kept");
    expect(fixture.stored()).toEqual([before?.sha256]);

    fixture.moveRowsToFiles();
    await fixture.open();
    expect((await (await fixture.client()).file("kept").download())[0].toString()).toBe("kept");
    expect(fixture.stored()).toEqual([before?.sha256]);
  });

  test("are listed in the order of their bytes, by pages, with prefixes folded", async () => {
    const bucket = await fixture.client();
    const names = ["a", "d/1/x", "d/2", "d/😀", "d/\uffee", "e"];
    await Promise.all(
      names.map((name) => bucket.file(name).save(name, { metadata: { metadata: { n: name } } })),
    );

    const sorted = ["a", "d/1/x", "d/2", "d/\uffee", "d/😀", "e"];
    const [all] = await bucket.getFiles();
    expect(all.map(({ name }) => name)).toEqual(sorted);
    expect(all[1]?.metadata.metadata).toEqual({ n: "d/1/x" });

    const paged: string[] = [];
    for (let pageToken: string | undefined, page = 0; page < 10; page += 1) {
      const [files, next] = await bucket.getFiles({
        maxResults: 2,
        autoPaginate: false,
        ...(pageToken && { pageToken }),
      });
      paged.push(...files.map(({ name }) => name));
      expect(files.length).toBeLessThanOrEqual(2);
      pageToken = (next as { pageToken?: string } | null)?.pageToken;
      if (!pageToken) break;
    }
    expect(paged).toEqual(sorted);

    const fold = { prefix: "d/", delimiter: "/", autoPaginate: false };
    const [files, , answer] = await bucket.getFiles(fold);
    expect(files.map(({ name }) => name)).toEqual(["d/2", "d/\uffee", "d/😀"]);
    expect((answer as { prefixes: string[] }).prefixes).toEqual(["d/1/"]);
    const [, next, top] = await bucket.getFiles({ delimiter: "/", maxResults: 2, autoPaginate: false });
    expect((top as { prefixes: string[] }).prefixes).toEqual(["d/"]);
    const [rest] = await bucket.getFiles(next as object);
    expect(rest.map(({ name }) => name)).toEqual(["e"]);
    const [between] = await bucket.getFiles({ startOffset: "d/2", endOffset: "d/😀" });
    expect(between.map(({ name }) => name)).toEqual(["d/2", "d/\uffee"]);

    fixture.storage.write("b", "\uffee", Buffer.from("x"));
    fixture.storage.write("b", "\uffef", Buffer.from("x"));
    const [ends] = await bucket.getFiles({ prefix: "\uffee", endOffset: "😀" });
    expect(ends.map(({ name }) => name)).toEqual(["\uffee"]);
  });

  test("are copied with or without metadata of their own", async () => {
    const bucket = await fixture.client();
    await bucket.file("from").save("x", { contentType: "text/plain", metadata: { metadata: { a: "1" } } });
    await bucket.file("from").copy(bucket.file("same"));
    await bucket.file("from").copy(bucket.file("new"), { metadata: { b: "2" } });
    expect(fixture.storage.find("b", "same")).toMatchObject({
      contentType: "text/plain",
      metadata: { a: "1" },
    });
    expect(fixture.storage.find("b", "new")).toMatchObject({ metadata: { b: "2" } });
  });
});

describe("access", () => {
  test("needs the permission of each method, which the refusal names", async () => {
    await (await fixture.client()).file("o").save("x");
    const denied = (permission: string) => ({ code: 403, message: expect.stringContaining(permission) });
    const reading = await fixture.client({ email: READER });
    await expect(reading.file("n").save("x", { resumable: false })).rejects.toMatchObject(
      denied("storage.objects.create"),
    );
    await expect(reading.file("o").delete()).rejects.toMatchObject(denied("storage.objects.delete"));
    await expect(reading.file("o").setMetadata({})).rejects.toMatchObject(denied("storage.objects.update"));
    const creating = await fixture.client({ email: CREATOR });
    await creating.file("n").save("x");
    await expect(creating.file("o").getMetadata()).rejects.toMatchObject(denied("storage.objects.get"));
    await expect(creating.getFiles()).rejects.toMatchObject(denied("storage.objects.list"));
    await expect(creating.file("o").save("y", { resumable: false })).rejects.toMatchObject(
      denied("storage.objects.delete"),
    );
    await expect(creating.getMetadata()).rejects.toMatchObject(denied("storage.buckets.get"));
    await expect((await fixture.client({ bucket: "none" })).getFiles()).rejects.toMatchObject({
      code: 404,
      message: "The specified bucket does not exist.",
    });
  });
});

describe("buckets", () => {
  test("with versioning keep what was replaced or deleted, by generation", async () => {
    fixture.makeBucket("v", { versioning: { enabled: true } });
    const bucket = await fixture.client({ bucket: "v" });
    await bucket.file("o").save("1");
    await bucket.file("o").save("2");
    await bucket.file("o").delete();
    expect((await bucket.getFiles())[0]).toEqual([]);
    const [versions] = await bucket.getFiles({ versions: true });
    expect(versions.map(({ metadata }) => typeof metadata.timeDeleted)).toEqual(["string", "string"]);
    const contents = await Promise.all(versions.map((version) => version.download()));
    expect(contents.map(([content]) => content.toString())).toEqual(["1", "2"]);
    expect(fixture.storage.isEmpty("v")).toBe(false);
    await versions[0]?.delete();
    expect((await bucket.getFiles({ versions: true }))[0]).toHaveLength(1);
    fixture.storage.clear("v");
    expect(fixture.stored()).toEqual([]);
  });

  test("with a retention policy keep young objects from deletion and replacement", async () => {
    fixture.makeBucket("r", { retentionPolicy: { retentionPeriod: "3600" } });
    const file = (await fixture.client({ bucket: "r" })).file("o");
    await file.save("1");
    const kept = { code: 403, errors: [{ reason: "retentionPolicyNotMet" }] };
    await expect(file.delete()).rejects.toMatchObject(kept);
    await expect(file.save("2", { resumable: false })).rejects.toMatchObject(kept);
  });
});

import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Bucket, type File, Storage } from "@google-cloud/storage";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../kernel.ts";
import { CloudStorage } from "./cloud-storage.ts";

const WRITER = "writer@p.iam.gserviceaccount.com";
const READER = "reader@p.iam.gserviceaccount.com";
const CREATOR = "creator@p.iam.gserviceaccount.com";
const GRANTS = { [WRITER]: "objectAdmin", [READER]: "objectViewer", [CREATOR]: "objectCreator" };
const HOUR_MS = 3_600_000;

let stateDir: string;
let kernel: OwnedKernel;
let storage: CloudStorage;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "storage-"));
  await open();
});

beforeEach(() => {
  makeBucket("b", {});
  for (const bucket of ["b", "v", "r"]) storage.clear(bucket);
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

/** Without a limit on the pace of writes, unless a test is about it. */
async function open(writeIntervalMs = 0): Promise<void> {
  kernel = await startKernel({ stateDir, portBase: "any" });
  storage = new CloudStorage(kernel, { writeIntervalMs });
  kernel.identities.serveHttp(storage.api);
}

async function reopen(writeIntervalMs = 0): Promise<void> {
  await kernel.stop();
  await open(writeIntervalMs);
}

function makeBucket(name: string, properties: object): void {
  kernel.resources.put({
    kind: "gcp:storage/bucket:Bucket",
    id: name,
    urn: `urn:${name}`,
    properties: { name, ...properties },
  });
  for (const [email, role] of Object.entries(GRANTS)) {
    kernel.resources.put({
      kind: "gcp:storage/bucketIAMMember:BucketIAMMember",
      id: `b/${name}/${email}`,
      urn: `urn:${name}/${email}`,
      properties: { bucket: name, role: `roles/storage.${role}`, member: `serviceAccount:${email}` },
    });
  }
}

async function url(email = WRITER): Promise<string> {
  return `http://127.0.0.1:${(await kernel.identities.endpoints(email)).http}`;
}

/** The official client as it is in a workload: the emulator's variable is read in its constructor. */
async function bucketFor(email = WRITER, autoRetry = false, name = "b"): Promise<Bucket> {
  process.env.STORAGE_EMULATOR_HOST = await url(email);
  try {
    return new Storage({ projectId: "p", retryOptions: { autoRetry } }).bucket(name);
  } finally {
    delete process.env.STORAGE_EMULATOR_HOST;
  }
}

function filesOfBytes(): string[] {
  return readdirSync(join(stateDir, "cloud", "objects"));
}

describe("objects through the official client", () => {
  test.each([
    ["resumable", { resumable: true }],
    ["simple", { resumable: false }],
    ["chunked", { resumable: true, chunkSize: 256 * 1024 }],
  ])(
    "come back as they were saved by a %s upload, with their metadata and checksums",
    async (_kind, options) => {
      const bytes = Buffer.alloc(700_001, "\r\n--x");
      const file = (await bucketFor()).file("orders/ä b/1.json");
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
      expect(storage.find("b", file.name)).toMatchObject({
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
    },
  );

  test("are empty, or stored under the names that URLs would resolve, as well", async () => {
    const bucket = await bucketFor();
    await bucket.file("a/../%2e/b?c#d").save("");
    expect((await bucket.file("a/../%2e/b?c#d").download())[0]).toHaveLength(0);
    await bucket.file("simple").save("", { resumable: false });
    expect((await bucket.file("simple").exists())[0]).toBe(true);
  });

  test("exist until they are deleted, and their bytes until no object has them", async () => {
    const bucket = await bucketFor();
    await bucket.file("one").save("same");
    await bucket.file("one").copy(bucket.file("two"));
    expect(filesOfBytes()).toEqual([createHash("sha256").update("same").digest("hex")]);
    await bucket.file("one").delete();
    expect((await bucket.file("one").exists())[0]).toBe(false);
    expect((await bucket.file("two").download())[0].toString()).toBe("same");
    await expect(bucket.file("one").delete()).rejects.toMatchObject({
      code: 404,
      message: "No such object: b/one",
    });
    await bucket.file("two").save("other");
    await bucket.file("two").delete();
    expect(filesOfBytes()).toEqual([]);
    expect(storage.isEmpty("b")).toBe(true);
  });

  test("that are stored gzipped are unzipped by whoever can't", async () => {
    const file = (await bucketFor()).file("page");
    await file.save(gzipSync("hello"), { metadata: { contentEncoding: "gzip" } });
    expect((await file.download())[0].toString()).toBe("hello");
    const plain = await fetch(`${await url()}/b/b/o/page?alt=media`, {
      headers: { "Accept-Encoding": "identity" },
    });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe("hello");
  });

  test("survive a restart of the cloud; what a crash left in the folder of bytes does not", async () => {
    const bucket = await bucketFor();
    await bucket.file("kept").save("kept", { metadata: { metadata: { a: "1" } } });
    const before = storage.find("b", "kept");
    const stray = join(stateDir, "cloud", "objects", "stray.part");
    writeFileSync(stray, "left by a crash");
    await reopen();
    expect(storage.find("b", "kept")).toEqual(before);
    expect((await (await bucketFor()).file("kept").download())[0].toString()).toBe("kept");
    expect(filesOfBytes()).toEqual([before?.sha256]);
  });

  test("are listed in the order of their bytes, by pages, with prefixes folded", async () => {
    const bucket = await bucketFor();
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
  });

  test("are copied with or without metadata of their own", async () => {
    const bucket = await bucketFor();
    await bucket.file("from").save("x", { contentType: "text/plain", metadata: { metadata: { a: "1" } } });
    await bucket.file("from").copy(bucket.file("same"));
    await bucket.file("from").copy(bucket.file("new"), { metadata: { b: "2" } });
    expect(storage.find("b", "same")).toMatchObject({ contentType: "text/plain", metadata: { a: "1" } });
    expect(storage.find("b", "new")).toMatchObject({ metadata: { b: "2" } });
    await expect(bucket.combine(["from", "same"], "both")).rejects.toMatchObject({ code: 501 });
  });
});

describe("preconditions", () => {
  test("let exactly one of 50 parallel creations of a name win", async () => {
    const bucket = await bucketFor();
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        bucket
          .file("lease")
          .save(`owner ${i}`, { resumable: i % 2 === 0, preconditionOpts: { ifGenerationMatch: 0 } }),
      ),
    );
    const winners = results.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
    expect(winners).toHaveLength(1);
    for (const result of results) {
      if (result.status === "rejected") expect(Number(result.reason.code)).toBe(412);
    }
    expect((await bucket.file("lease").download())[0].toString()).toBe(`owner ${winners[0]}`);
    expect(filesOfBytes()).toHaveLength(1);
    expect(readdirSync(join(stateDir, "cloud", "uploads"))).toEqual([]);
  });

  test("hold for overwriting, describing and deleting alike", async () => {
    const bucket = await bucketFor();
    const file = bucket.file("record");
    await file.save("1");
    const first = Number(storage.find("b", "record")?.generation);
    await file.save("2", { preconditionOpts: { ifGenerationMatch: first } });
    const second = Number(storage.find("b", "record")?.generation);
    expect(second).toBeGreaterThan(first);

    const stale = { ifGenerationMatch: first };
    await expect(file.save("3", { preconditionOpts: stale })).rejects.toMatchObject({ code: 412 });
    await expect(file.setMetadata({ metadata: { a: "1" } }, stale)).rejects.toMatchObject({ code: 412 });
    await expect(file.delete(stale)).rejects.toMatchObject({ code: 412 });
    await expect(file.copy(bucket.file("copy"), { preconditionOpts: stale })).rejects.toMatchObject({
      code: 412,
    });
    expect(storage.find("b", "copy")).toBeUndefined();

    await file.setMetadata({ metadata: { a: "1", b: null } }, { ifMetagenerationMatch: 1 });
    expect(storage.find("b", "record")).toMatchObject({
      generation: String(second),
      metageneration: "2",
      metadata: { a: "1" },
    });
    await expect(file.setMetadata({}, { ifMetagenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
    await file.delete({ ifGenerationMatch: second });
    expect((await file.exists())[0]).toBe(false);

    await file.save("4", { preconditionOpts: { ifGenerationMatch: 0 } });
    expect(Number(storage.find("b", "record")?.generation)).toBeGreaterThan(second);
  });

  test.each([
    ["ifGenerationMatch=0", 412],
    ["ifGenerationMatch=GENERATION", 200],
    ["ifGenerationNotMatch=GENERATION", 304],
    ["ifGenerationNotMatch=0", 200],
    ["ifMetagenerationMatch=2", 412],
    ["ifMetagenerationNotMatch=1", 304],
    ["ifMetagenerationNotMatch=2", 200],
    ["ifGenerationMatch=x", 400],
    ["generation=1", 404],
    ["softDeleted=true", 400],
  ])("answer a GET of metadata and of bytes with %s by %d", async (query, status) => {
    const { generation } = storage.write("b", "o", Buffer.from("x"));
    for (const alt of ["", "&alt=media"]) {
      const response = await fetch(
        `${await url()}/storage/v1/b/b/o/o?${query.replace("GENERATION", generation)}${alt}`,
      );
      expect(response.status).toBe(status);
      const body = await response.text();
      if (status >= 400)
        expect(JSON.parse(body)).toMatchObject({ error: { code: status, errors: [{ domain: "global" }] } });
    }
  });
});

describe("the pace of writes", () => {
  beforeEach(() => reopen(HOUR_MS));
  afterAll(() => reopen());

  test("is one an interval and name, metadata included, and a deletion does not reset it", async () => {
    const bucket = await bucketFor();
    const file = bucket.file("o");
    await file.save("1");
    const tooMany = { code: 429, errors: [{ reason: "rateLimitExceeded", domain: "usageLimits" }] };
    await expect(file.save("2", { resumable: false })).rejects.toMatchObject(tooMany);
    await expect(file.save("2")).rejects.toThrow(/rateLimitExceeded/);
    await expect(file.setMetadata({ contentType: "a/b" })).rejects.toMatchObject(tooMany);
    await bucket.file("other").save("1");
    await expect(bucket.file("other").copy(file)).rejects.toMatchObject(tooMany);
    await file.delete();
    await expect(file.save("2", { resumable: false })).rejects.toMatchObject(tooMany);
    expect(filesOfBytes()).toHaveLength(1);
  });

  test("is not used up by a write whose precondition fails, which is told first", async () => {
    const bucket = await bucketFor();
    const never = { resumable: false, preconditionOpts: { ifGenerationMatch: 7 } };
    await expect(bucket.file("o").save("1", never)).rejects.toMatchObject({ code: 412 });
    await bucket.file("o").save("1");
    await expect(bucket.file("o").save("2", never)).rejects.toMatchObject({ code: 412 });
  });

  test("delays a client that retries, and loses none of its bytes", async () => {
    await reopen(1_000);
    const file = (await bucketFor(WRITER, true)).file("o");
    for (const resumable of [true, false]) {
      await file.save("first", { resumable, preconditionOpts: { ifGenerationMatch: 0 } });
      await file.save("second", { resumable, preconditionOpts: { ifGenerationMatch: generationOf(file) } });
      expect((await file.download())[0].toString()).toBe("second");
      await file.delete();
    }
  });

  function generationOf(file: File): number {
    return Number(storage.find("b", file.name)?.generation);
  }
});

describe("uploads", () => {
  test("whose checksums differ from what the client says are refused", async () => {
    const target = `${await url()}/upload/storage/v1/b/b/o?name=o`;
    const body = "hello";
    for (const headers of [
      { "x-goog-hash": "crc32c=AAAAAA==" },
      { "Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==" },
    ]) {
      const response = await fetch(`${target}&uploadType=media`, { method: "POST", headers, body });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { message: expect.stringMatching(/doesn't match calculated/) },
      });
    }
    expect(storage.find("b", "o")).toBeUndefined();
    expect(filesOfBytes()).toEqual([]);
  });

  test("go on where they broke off, also after a restart of the cloud", async () => {
    const start = await fetch(`${await url()}/upload/storage/v1/b/b/o?uploadType=resumable&name=o`, {
      method: "POST",
    });
    const session = new URL(start.headers.get("location") ?? "");
    const chunk = Buffer.alloc(256 * 1024, "x");
    const put = async (range: string, body: Buffer | string) =>
      fetch(`${await url()}${session.pathname}${session.search}`, {
        method: "PUT",
        headers: { "Content-Range": range },
        body,
      });

    expect((await put("bytes 0-9/*", "0123456789")).status).toBe(400);
    expect((await put("bytes 262144-262145/*", "xx")).status).toBe(400);
    const incomplete = await put(`bytes 0-${chunk.length - 1}/*`, chunk);
    expect([incomplete.status, incomplete.headers.get("range")]).toEqual([308, "bytes=0-262143"]);
    await reopen();
    expect((await put("bytes */*", "")).headers.get("range")).toBe("bytes=0-262143");
    // Bytes that are here already may come again.
    const done = await put("bytes 262140-262145/262146", "xxxxyz");
    expect(await done.json()).toMatchObject({ size: "262146" });
    expect(await (await put("bytes */*", "")).json()).toMatchObject({ size: "262146" });
    const object = storage.find("b", "o");
    expect(object && readFileSync(storage.path(object)).subarray(-4).toString()).toBe("xxyz");
  });

  test.each([
    ["no boundary", "multipart/related", "x"],
    ["no media", "multipart/related; boundary=B", "--B\r\n\r\n{}\r\n--B--"],
    ["no end", "multipart/related; boundary=B", "--B\r\n\r\n{}\r\n--B\r\n\r\nmedia"],
    ["no JSON", "multipart/related; boundary=B", "--B\r\n\r\n{\r\n--B\r\n\r\nmedia\r\n--B--"],
    [
      "a third part",
      "multipart/related; boundary=B",
      "--B\r\n\r\n{}\r\n--B\r\n\r\nm\r\n--B\r\n\r\nn\r\n--B--",
    ],
    ["too much metadata", "multipart/related; boundary=B", `--B\r\n\r\n{"a":"${"x".repeat(70_000)}"}`],
  ])("in parts with %s are refused and leave nothing", async (_case, type, body) => {
    const target = `${await url()}/upload/storage/v1/b/b/o?name=o&uploadType=multipart`;
    const response = await fetch(target, { method: "POST", headers: { "Content-Type": type }, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400 } });
    expect(filesOfBytes()).toEqual([]);
  });

  test.each(["", ".", "..", "a\nb", ".well-known/acme-challenge/x", "x".repeat(1025)])(
    "to the name %j are refused",
    async (name) => {
      const target = `${await url()}/upload/storage/v1/b/b/o?uploadType=media&name=${encodeURIComponent(name)}`;
      expect((await fetch(target, { method: "POST", body: "x" })).status).toBe(400);
    },
  );

  test("with fields that would be ignored are refused by name", async () => {
    const file = (await bucketFor()).file("o");
    await expect(file.save("x", { resumable: false, predefinedAcl: "publicRead" })).rejects.toThrow(
      /predefinedAcl/,
    );
    await expect(file.save("x", { resumable: false, metadata: { temporaryHold: true } })).rejects.toThrow(
      /temporaryHold/,
    );
    await expect(file.save("x", { metadata: { metadata: { k: "x".repeat(9000) } } })).rejects.toMatchObject({
      status: 400,
    });
  });
});

describe("access", () => {
  test("needs the permission of each method, which the refusal names", async () => {
    await (await bucketFor()).file("o").save("x");
    const denied = (permission: string) => ({ code: 403, message: expect.stringContaining(permission) });
    const reading = await bucketFor(READER);
    await expect(reading.file("n").save("x", { resumable: false })).rejects.toMatchObject(
      denied("storage.objects.create"),
    );
    await expect(reading.file("o").delete()).rejects.toMatchObject(denied("storage.objects.delete"));
    await expect(reading.file("o").setMetadata({})).rejects.toMatchObject(denied("storage.objects.update"));
    const creating = await bucketFor(CREATOR);
    await creating.file("n").save("x");
    await expect(creating.file("o").getMetadata()).rejects.toMatchObject(denied("storage.objects.get"));
    await expect(creating.getFiles()).rejects.toMatchObject(denied("storage.objects.list"));
    await expect(creating.file("o").save("y", { resumable: false })).rejects.toMatchObject(
      denied("storage.objects.delete"),
    );
    await expect(creating.getMetadata()).rejects.toMatchObject(denied("storage.buckets.get"));
    await expect((await bucketFor(WRITER, false, "none")).getFiles()).rejects.toMatchObject({
      code: 404,
      message: "The specified bucket does not exist.",
    });
  });
});

describe("buckets", () => {
  test("with versioning keep what was replaced or deleted, by generation", async () => {
    makeBucket("v", { versioning: { enabled: true } });
    const bucket = await bucketFor(WRITER, false, "v");
    await bucket.file("o").save("1");
    await bucket.file("o").save("2");
    await bucket.file("o").delete();
    expect((await bucket.getFiles())[0]).toEqual([]);
    const [versions] = await bucket.getFiles({ versions: true });
    expect(versions.map(({ metadata }) => typeof metadata.timeDeleted)).toEqual(["string", "string"]);
    const contents = await Promise.all(versions.map((version) => version.download()));
    expect(contents.map(([content]) => content.toString())).toEqual(["1", "2"]);
    expect(storage.isEmpty("v")).toBe(false);
    await versions[0]?.delete();
    expect((await bucket.getFiles({ versions: true }))[0]).toHaveLength(1);
    storage.clear("v");
    expect(filesOfBytes()).toEqual([]);
  });

  test("with a retention policy keep young objects from deletion and replacement", async () => {
    makeBucket("r", { retentionPolicy: { retentionPeriod: "3600" } });
    const file = (await bucketFor(WRITER, false, "r")).file("o");
    await file.save("1");
    const kept = { code: 403, errors: [{ reason: "retentionPolicyNotMet" }] };
    await expect(file.delete()).rejects.toMatchObject(kept);
    await expect(file.save("2", { resumable: false })).rejects.toMatchObject(kept);
  });
});

import type { File } from "@google-cloud/storage";
import type { LogEntry } from "../../kernel/contract.ts";
import { StorageFixture } from "./testing/storage.ts";

const HOUR_MS = 3_600_000;

import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";

const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

describe("preconditions", () => {
  test("let exactly one of 50 parallel creations of a name win", async () => {
    const bucket = await fixture.client();
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
    expect(fixture.stored()).toHaveLength(1);
    expect(fixture.uploads()).toEqual([]);
  });

  test("hold for overwriting, describing and deleting alike", async () => {
    const bucket = await fixture.client();
    const file = bucket.file("record");
    await file.save("1");
    const first = Number(fixture.storage.find("b", "record")?.generation);
    await file.save("2", { preconditionOpts: { ifGenerationMatch: first } });
    const second = Number(fixture.storage.find("b", "record")?.generation);
    expect(second).toBeGreaterThan(first);

    const stale = { ifGenerationMatch: first };
    await expect(file.save("3", { preconditionOpts: stale })).rejects.toMatchObject({ code: 412 });
    await expect(file.setMetadata({ metadata: { a: "1" } }, stale)).rejects.toMatchObject({ code: 412 });
    await expect(file.delete(stale)).rejects.toMatchObject({ code: 412 });
    await expect(file.copy(bucket.file("copy"), { preconditionOpts: stale })).rejects.toMatchObject({
      code: 412,
    });
    expect(fixture.storage.find("b", "copy")).toBeUndefined();

    await file.setMetadata({ metadata: { a: "1", b: null } }, { ifMetagenerationMatch: 1 });
    expect(fixture.storage.find("b", "record")).toMatchObject({
      generation: String(second),
      metageneration: "2",
      metadata: { a: "1" },
    });
    await expect(file.setMetadata({}, { ifMetagenerationMatch: 1 })).rejects.toMatchObject({ code: 412 });
    await file.delete({ ifGenerationMatch: second });
    expect((await file.exists())[0]).toBe(false);

    await file.save("4", { preconditionOpts: { ifGenerationMatch: 0 } });
    expect(Number(fixture.storage.find("b", "record")?.generation)).toBeGreaterThan(second);
  });

  test("never see a generation twice or a lower one later, even when the clock goes back", async () => {
    const write = () => Number(fixture.storage.write("b", "o", Buffer.from("x")).generation);
    const first = write();
    const clock = jest.spyOn(Date, "now").mockReturnValue(1_000);
    try {
      const second = write();
      fixture.storage.remove("b", "o");
      const third = write();
      expect(second).toBeGreaterThan(first);
      expect(third).toBeGreaterThan(second);
    } finally {
      clock.mockRestore();
    }
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
    const { generation } = fixture.storage.write("b", "o", Buffer.from("x"));
    for (const alt of ["", "&alt=media"]) {
      const response = await fetch(
        `${await fixture.url()}/storage/v1/b/b/o/o?${query.replace("GENERATION", generation)}${alt}`,
      );
      expect(response.status).toBe(status);
      const body = await response.text();
      if (status >= 400)
        expect(JSON.parse(body)).toMatchObject({ error: { code: status, errors: [{ domain: "global" }] } });
    }
  });
});

describe("the pace of writes", () => {
  beforeEach(() => fixture.open(HOUR_MS));
  afterAll(() => fixture.open());

  test("is one an interval and name, metadata included, and a deletion does not reset it", async () => {
    const bucket = await fixture.client();
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
    expect(fixture.stored()).toHaveLength(1);
  });

  test("counts a write whose old bytes can't be removed: it has happened, and the next start removes them", async () => {
    const said: LogEntry[] = [];
    fixture.kernel.logging.subscribe((entry) => said.push(entry));
    const file = (await fixture.client()).file("o");
    const first = fixture.storage.write("b", "o", Buffer.from("1"));
    const { db } = fixture.kernel;
    db.exec(
      "CREATE TRIGGER full BEFORE DELETE ON storage_bytes BEGIN SELECT RAISE(FAIL, 'disk is full'); END",
    );
    await file.save("2", { resumable: false });
    await expect(file.save("3", { resumable: false })).rejects.toMatchObject({ code: 429 });
    expect((await file.download())[0].toString()).toBe("2");
    await file.delete();
    db.exec("DROP TRIGGER full");
    expect(fixture.stored()).toContain(first.sha256);
    expect(said).toContainEqual({
      severity: "WARNING",
      source: "storage",
      message: expect.stringMatching(/^Bytes that no object holds are left .*disk is full$/),
    });
    await fixture.open();
    expect(fixture.stored()).toEqual([]);
  });

  test("is not used up by a write whose precondition fails, which is told first", async () => {
    const bucket = await fixture.client();
    const never = { resumable: false, preconditionOpts: { ifGenerationMatch: 7 } };
    await expect(bucket.file("o").save("1", never)).rejects.toMatchObject({ code: 412 });
    await bucket.file("o").save("1");
    await expect(bucket.file("o").save("2", never)).rejects.toMatchObject({ code: 412 });
  });

  test("leaves a resumable upload whole that was refused, to be asked about and finished later", async () => {
    fixture.storage.write("b", "o", Buffer.from("1"));
    const bucket = await fixture.client();
    await bucket.file("o").setMetadata({ metadata: { a: "1" } });
    const start = `${await fixture.url()}/upload/storage/v1/b/b/o?uploadType=resumable&name=o`;
    const session = (await fetch(start, { method: "POST" })).headers.get("location") ?? "";
    const put = async (range: string, body: string) =>
      fetch(session, { method: "PUT", headers: { "Content-Range": range }, body });
    expect((await put("bytes 0-*/*", "2222")).status).toBe(429);
    const asked = await put("bytes */*", "");
    expect([asked.status, asked.headers.get("range")]).toEqual([308, "bytes=0-3"]);
    expect((await put("bytes 4-*/*", "3")).status).toBe(400);
    expect((await put("bytes 4-*/*", "")).status).toBe(429);
  });

  test("delays a client that retries, and loses none of its bytes", async () => {
    await fixture.open(1_000);
    const bucket = await fixture.client({ autoRetry: true });
    for (const resumable of [true, false]) {
      const file = bucket.file(`retried ${resumable}`);
      await file.save("first");
      await file.save("second", { resumable, preconditionOpts: { ifGenerationMatch: generationOf(file) } });
      expect((await file.download())[0].toString()).toBe("second");
    }
  });

  function generationOf(file: File): number {
    return Number(fixture.storage.find("b", file.name)?.generation);
  }
});

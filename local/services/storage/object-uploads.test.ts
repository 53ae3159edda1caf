import { readFileSync } from "node:fs";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { StorageFixture } from "./testing/storage.ts";

const fixture = new StorageFixture();

beforeAll(() => fixture.open());
beforeEach(() => fixture.clear());
afterAll(() => fixture.close());

describe("uploads", () => {
  test("whose checksums differ from what the client says are refused", async () => {
    const target = `${await fixture.url()}/upload/storage/v1/b/b/o?name=o`;
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
    expect(fixture.storage.find("b", "o")).toBeUndefined();
    expect(fixture.stored()).toEqual([]);
  });

  test("go on where they broke off, also after a restart of the cloud", async () => {
    const start = await fetch(`${await fixture.url()}/upload/storage/v1/b/b/o?uploadType=resumable&name=o`, {
      method: "POST",
    });
    const session = new URL(start.headers.get("location") ?? "");
    const chunk = Buffer.alloc(256 * 1024, "x");
    const put = async (range: string, body: Buffer | string) =>
      fetch(`${await fixture.url()}${session.pathname}${session.search}`, {
        method: "PUT",
        headers: { "Content-Range": range },
        body,
      });

    expect((await put("bytes 0-9/*", "0123456789")).status).toBe(400);
    expect((await put("bytes 262144-262145/*", "xx")).status).toBe(400);
    const incomplete = await put(`bytes 0-${chunk.length - 1}/*`, chunk);
    expect([incomplete.status, incomplete.headers.get("range")]).toEqual([308, "bytes=0-262143"]);
    await fixture.open();
    expect((await put("bytes */*", "")).headers.get("range")).toBe("bytes=0-262143");
    // Bytes that are here already may come again.
    const done = await put("bytes 262140-262145/262146", "xxxxyz");
    expect(await done.json()).toMatchObject({ size: "262146" });
    expect(await (await put("bytes */*", "")).json()).toMatchObject({ size: "262146" });
    const object = fixture.storage.find("b", "o");
    expect(object && (await buffer(fixture.storage.read(object))).subarray(-4).toString()).toBe("xxyz");
  });

  test("keep what came before a connection broke", async () => {
    const start = await fetch(`${await fixture.url()}/upload/storage/v1/b/b/o?uploadType=resumable&name=o`, {
      method: "POST",
    });
    const session = start.headers.get("location") ?? "";
    const broken = request(session, { method: "PUT", headers: { "Content-Range": "bytes 0-*/*" } });
    broken.on("error", () => {});
    broken.write("half");
    await until(() => fixture.uploads().some((file) => readUpload(file) === "half"));
    broken.destroy();

    const put = async (range: string, body: string) =>
      fetch(session, { method: "PUT", headers: { "Content-Range": range }, body });
    // Until the cloud has seen that the connection broke, the upload is taken.
    let asked = await put("bytes */*", "");
    await until(async () => {
      if (asked.status === 503) asked = await put("bytes */*", "");
      return asked.status !== 503;
    });
    expect([asked.status, asked.headers.get("range")]).toEqual([308, "bytes=0-3"]);
    expect(await (await put("bytes 4-*/*", "whole")).json()).toMatchObject({ size: "9" });
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
    const target = `${await fixture.url()}/upload/storage/v1/b/b/o?name=o&uploadType=multipart`;
    const response = await fetch(target, { method: "POST", headers: { "Content-Type": type }, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400 } });
    expect(fixture.stored()).toEqual([]);
  });

  test.each(["", ".", "..", "a\nb", ".well-known/acme-challenge/x", "x".repeat(1025)])(
    "to the name %j are refused",
    async (name) => {
      const target = `${await fixture.url()}/upload/storage/v1/b/b/o?uploadType=media&name=${encodeURIComponent(name)}`;
      expect((await fetch(target, { method: "POST", body: "x" })).status).toBe(400);
    },
  );

  test("with fields that would be ignored are refused by name", async () => {
    const file = (await fixture.client()).file("o");
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

function readUpload(file: string): string {
  return readFileSync(fixture.path("uploads", file), "utf8");
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("What was waited for did not happen in 20 s.");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

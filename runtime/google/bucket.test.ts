import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CRC32C } from "@google-cloud/storage";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openBuckets } from "./bucket.ts";
import { type ObjectStore, ObjectStoreError } from "./object-store.ts";

interface Held {
  readonly bytes: string;
  readonly generation: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Just enough of Storage's JSON API, with faults in front: the next entry says what becomes of a request. */
type Fault = "lost reply" | "dropped" | "damaged" | number;
let faults: (Fault | undefined)[];
let held: Map<string, Held>;
let requests: string[];
let generation: number;
let server: Server;
let store: ObjectStore;

beforeEach(async () => {
  faults = [];
  held = new Map();
  requests = [];
  generation = 1_700_000_000_000_000;
  server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const STORAGE_EMULATOR_HOST = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = openBuckets({ STORAGE_EMULATOR_HOST })("bucket");
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const fault = faults.shift();
  if (fault === "dropped") return void request.socket.destroy();
  if (typeof fault === "number") return refuse(response, fault);
  const url = new URL(request.url ?? "", "http://storage");
  requests.push(`${request.method} ${url.pathname}`);
  const reply = perform(request.method ?? "", url, Buffer.concat(chunks).toString("utf8"));
  if (fault === "lost reply") return void request.socket.destroy();
  if (typeof reply === "number") return refuse(response, reply);
  response.writeHead(200, reply.headers).end(fault === "damaged" ? `${reply.body}!` : reply.body);
}

function refuse(response: ServerResponse, code: number): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code, message: `refused with ${code}` } }));
}

function perform(
  method: string,
  url: URL,
  body: string,
): number | { headers: Record<string, string>; body: string } {
  const json = (value: object) => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });
  const match = url.searchParams.get("ifGenerationMatch");
  const name = url.searchParams.get("name") ?? decodeURIComponent(url.pathname.split("/o/")[1] ?? "");
  const found = held.get(name);
  if (match !== null && (found?.generation ?? "0") !== match)
    return found === undefined && match !== "0" ? 404 : 412;
  if (method === "POST") {
    const [, description = "", content = ""] = body.split(/\r\n--[^\r]+\r\n|^--[^\r]+\r\n|\r\n--[^\r]+--/);
    const part = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4);
    const { metadata = {}, crc32c } = JSON.parse(part(description));
    if (crc32c !== checksum(part(content))) return 400;
    const object = { bytes: part(content), generation: String(++generation), metadata };
    held.set(name, object);
    return json({ name, generation: object.generation, metadata });
  }
  if (url.pathname.endsWith("/o")) {
    const after = url.searchParams.get("pageToken") ?? "";
    const names = [...held.keys()]
      .sort()
      .filter((key) => key.startsWith(url.searchParams.get("prefix") ?? "") && key > after);
    const page = names.slice(0, Number(url.searchParams.get("maxResults")));
    const items = page.map((key) => ({ name: key, ...held.get(key), updated: "2026-11-01T12:00:00Z" }));
    return json({ items, ...(names.length > page.length && { nextPageToken: page.at(-1) }) });
  }
  if (found === undefined) return 404;
  if (method === "DELETE") {
    held.delete(name);
    return { headers: {}, body: "" };
  }
  const headers = { "x-goog-generation": found.generation, "x-goog-hash": `crc32c=${checksum(found.bytes)}` };
  return { headers, body: found.bytes };
}

function checksum(text: string): string {
  const sum = new CRC32C();
  sum.update(Buffer.from(text));
  return sum.toString();
}

test("creates once, reads bytes with their generation, replaces by generation, removes", async () => {
  expect(await store.read("a/b.json")).toBeUndefined();
  expect(await store.create("a/b.json", "one", { metadata: { customer: "ä" } })).toBe("created");
  expect(await store.create("a/b.json", "two")).toBe("exists");
  const first = await store.read("a/b.json");
  expect(first?.bytes.toString()).toBe("one");
  expect(await store.replace("a/b.json", "three", first?.generation ?? "")).toBe("replaced");
  expect(await store.replace("a/b.json", "four", first?.generation ?? "")).toBe("changed");
  expect(await store.remove("a/b.json", first?.generation)).toBe("changed");
  expect(await store.remove("a/b.json", (await store.read("a/b.json"))?.generation)).toBe("removed");
  expect(await store.remove("a/b.json")).toBe("absent");
  expect(await store.replace("a/b.json", "five", first?.generation ?? "")).toBe("changed");
});

test("lists page by page, with metadata", async () => {
  for (const name of ["x/1", "x/2", "x/3", "y/1"]) await store.create(name, "", { metadata: { name } });
  const first = await store.list({ prefix: "x/", pageSize: 2 });
  expect(first.objects).toMatchObject([
    { name: "x/1", metadata: { name: "x/1" }, generation: expect.stringMatching(/^\d+$/) },
    { name: "x/2" },
  ]);
  const rest = await store.list({ prefix: "x/", pageSize: 2, pageToken: first.nextPageToken ?? "" });
  expect(rest.objects.map(({ name }) => name)).toEqual(["x/3"]);
  expect(rest.nextPageToken).toBeUndefined();
});

describe("trouble on the way", () => {
  test.each<[string, Fault]>([
    ["a rate limit", 429],
    ["an outage", 503],
    ["a broken connection", "dropped"],
  ])("%s is tried again, whatever the call", async (_title, fault) => {
    faults = [fault];
    expect(await store.create("a", "one")).toBe("created");
    faults = [fault];
    expect((await store.read("a"))?.bytes.toString()).toBe("one");
    faults = [fault];
    expect((await store.list({ prefix: "", pageSize: 10 })).objects).toHaveLength(1);
    faults = [fault];
    expect(await store.remove("a")).not.toBe("changed");
    expect(held.size).toBe(0);
  });

  test("bytes that do not have the checksum of what Storage sent are read again", async () => {
    await store.create("a", "one");
    faults = ["damaged"];
    expect((await store.read("a"))?.bytes.toString()).toBe("one");
    expect(faults).toEqual([]);
  });

  test("a create whose reply was lost knows its own bytes again", async () => {
    faults = ["lost reply"];
    expect(await store.create("a", "mine")).toBe("created");
    expect(requests.filter((line) => line.startsWith("POST"))).toHaveLength(2);
  });

  test("a create that lost a race after an outage sees another's bytes", async () => {
    held.set("a", { bytes: "theirs", generation: "7", metadata: {} });
    faults = [503];
    expect(await store.create("a", "mine")).toBe("exists");
  });

  test("a create that may not replace what is there sees that it is, and its own after a lost reply", async () => {
    await store.create("a", "theirs");
    faults = [403];
    expect(await store.create("a", "mine")).toBe("exists");
    faults = ["lost reply", 403];
    expect(await store.create("b", "mine")).toBe("created");
    expect(faults).toEqual([]);
  });

  test("a create that may not write at all is refused", async () => {
    faults = [403];
    await expect(store.create("a", "mine")).rejects.toMatchObject({ code: "OBJECT_STORE", status: 403 });
    faults = [403, 403];
    await expect(store.create("a", "mine")).rejects.toMatchObject({
      message: expect.stringContaining("create"),
    });
  });

  test("a replace whose reply was lost knows its own bytes again", async () => {
    await store.create("a", "one");
    const generation = (await store.read("a"))?.generation ?? "";
    faults = ["lost reply"];
    expect(await store.replace("a", "two", generation)).toBe("replaced");
  });

  test("a refusal is final, and names object and status", async () => {
    faults = [403];
    const refused = await store.read("a").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ObjectStoreError);
    expect(refused).toMatchObject({ status: 403, message: expect.stringContaining("read gs://bucket/a") });
    expect(faults).toEqual([]);
  });
});

import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openBuckets } from "../../google/bucket.ts";
import { requestListener } from "../../workload/server.ts";
import { createApp } from "./app.ts";
import { CachedChallenges } from "./cached-challenges.ts";
import { challengeName } from "./challenge-name.ts";
import { storedChallenges } from "./stored-challenges.ts";

const TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ";
const PATH = `/.well-known/acme-challenge/${TOKEN}`;
const NAME = `shop.example.test${PATH}`;
const NOT_FOUND = { status: 404, body: "Not Found\n" };

const objects = new Map<string, Buffer>();
const reads: string[] = [];
const errors: unknown[] = [];
let failWith: Error | undefined;
let server: Server;

beforeAll(async () => {
  const challenges = {
    async read(name: string) {
      reads.push(name);
      if (failWith) throw failWith;
      return objects.get(name);
    },
  };
  server = createServer(
    requestListener(
      createApp({ challenges, logger: { error: (details: unknown) => errors.push(details) } as never }),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

beforeEach(() => {
  objects.clear();
  reads.length = 0;
  errors.length = 0;
  failWith = undefined;
  objects.set(NAME, Buffer.from(`${TOKEN}.thumbprint`));
});

afterAll(() => {
  server.close();
});

test.each([
  ["shop.example.test", PATH],
  ["SHOP.Example.TEST:80", PATH],
  ["shop.example.test", `${PATH}?any=query`],
])("answers for Host %s at %s", async (host, path) => {
  expect(await ask({ host, path })).toMatchObject({ status: 200, body: `${TOKEN}.thumbprint` });
});

test("answers a name that is not there with the uniform 404, and another domain's token alike", async () => {
  expect(await ask({ path: PATH.replace("eva", "ave") })).toMatchObject(NOT_FOUND);
  expect(await ask({ host: "other.example.test" })).toMatchObject(NOT_FOUND);
  expect(reads).toEqual([NAME.replace("eva", "ave"), NAME.replace("shop", "other")]);
});

test.each(
  [
    "/",
    "/.well-known/acme-challenge/",
    "/.well-known/acme-challenge/short",
    `/.well-known/acme-challenge/${"a".repeat(129)}`,
    `/.well-known/acme-challenge/${"a".repeat(4000)}`,
    `/.well-known/acme-challenge/../${TOKEN}`,
    `/.well-known/acme-challenge/x/../${TOKEN}`,
    `/x/../.well-known/acme-challenge/${TOKEN}`,
    `/.well-known/acme-challenge/%2e%2e%2f${TOKEN}`,
    `/.well-known/acme-challenge/${TOKEN}%00`,
    `/.well-known/acme-challenge/${TOKEN}/`,
    `/.well-known//acme-challenge/${TOKEN}`,
    `/.WELL-KNOWN/acme-challenge/${TOKEN}`,
  ].map((path) => ({ path, shown: path.slice(0, 80), length: path.length })),
)("answers $shown ($length characters) with the uniform 404 and reads nothing", async ({ path }) => {
  expect(await ask({ path })).toMatchObject(NOT_FOUND);
  expect(reads).toEqual([]);
});

test("refuses a request line with a NUL before it is a request", async () => {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET ${PATH}\0 HTTP/1.1\r\nHost: shop.example.test\r\n\r\n`);
  const answer = await new Promise<string>((resolve) =>
    socket.once("data", (data) => resolve(data.toString())),
  );
  socket.destroy();
  expect(answer).toMatch(/^HTTP\/1.1 400/);
  expect(reads).toEqual([]);
});

test.each(["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])("refuses %s uniformly", async (method) => {
  for (const path of [PATH, "/"]) {
    const { status, headers } = await ask({ method, path });
    expect([status, headers.allow]).toEqual([405, "GET"]);
  }
  expect(reads).toEqual([]);
});

test("answers 503 when Storage cannot tell, and logs it", async () => {
  failWith = new Error("Storage is down");
  expect(await ask({})).toMatchObject({ status: 503 });
  expect(errors).toEqual([{ error: failWith, name: NAME }]);
});

test("names nothing outside the host's own prefix, whatever is asked", () => {
  const piece = fc.constantFrom(
    "..",
    "/",
    "%2e",
    "%2E%2e",
    "%2f",
    "\0",
    "\\",
    "?",
    "#",
    ".",
    TOKEN,
    "a".repeat(22),
  );
  const path = fc
    .array(fc.oneof(piece, fc.string({ unit: "binary" })), { maxLength: 12 })
    .map((parts) => parts.join(""));
  const host = fc.oneof(
    fc.domain(),
    fc.string({ unit: "binary" }),
    path,
    fc.constant("Shop.Example.Test:8080"),
  );
  const target = fc.oneof(
    path,
    path.map((rest) => `/.well-known/acme-challenge/${rest}`),
  );
  fc.assert(
    fc.property(host, target, (anyHost, anyTarget) => {
      const name = challengeName(anyHost, anyTarget);
      if (name === undefined) return;
      const [domain, ...rest] = name.split("/");
      expect(anyHost.toLowerCase().replace(/:\d+$/, "")).toBe(domain);
      expect(domain).toMatch(/^[a-z0-9.-]{1,253}$/);
      expect(domain).not.toContain("..");
      expect(rest.slice(0, 2)).toEqual([".well-known", "acme-challenge"]);
      expect(rest[2]).toMatch(/^[A-Za-z0-9_-]{22,128}$/);
      expect(rest).toHaveLength(3);
    }),
    { numRuns: 2000 },
  );
  expect(challengeName("shop.example.test:8080", PATH)).toBe(NAME);
});

test("takes no host for one that is not a plain DNS name", () => {
  const hosts = ["", "localhost", "-a.test", "a..test", "a_b.test", "[::1]", "a.test/b", "../a.test"];
  for (const host of [...hosts, `${"a.".repeat(130)}b`]) {
    expect([host, challengeName(host, PATH)]).toEqual([host, undefined]);
  }
});

test("reads a name once however many ask, and remembers an answer 60 s, an absence 1 s, a failure never", async () => {
  let now = 0;
  let answer: () => Promise<Buffer | undefined> = async () => Buffer.from("yes");
  let count = 0;
  const source = {
    read() {
      count++;
      return answer();
    },
  };
  const cache = new CachedChallenges(source, undefined, () => now);
  const at = async (time: number, name: string) => {
    now = time;
    return (await cache.read(name))?.toString();
  };

  expect(await Promise.all(Array.from({ length: 50 }, () => at(0, "a")))).toEqual(Array(50).fill("yes"));
  expect(await at(59_999, "a")).toBe("yes");
  expect(count).toBe(1);
  await at(60_000, "a");
  expect(count).toBe(2);

  answer = async () => undefined;
  await at(60_000, "b");
  await at(60_999, "b");
  expect(count).toBe(3);
  answer = async () => Buffer.from("now there");
  expect(await at(61_000, "b")).toBe("now there");

  answer = () => Promise.reject(new Error("down"));
  await expect(at(61_000, "c")).rejects.toThrow("down");
  answer = async () => Buffer.from("up");
  expect(await at(61_000, "c")).toBe("up");
});

test("keeps its caches and its reads within bounds, and found answers from a flood of absent names", async () => {
  let count = 0;
  const pending: (() => void)[] = [];
  const source = {
    read: async (name: string) => {
      count++;
      if (name.startsWith("slow")) await new Promise<void>((resolve) => pending.push(resolve));
      return name.startsWith("found") ? Buffer.alloc(10) : undefined;
    },
  };
  const limits = { foundMs: 60_000, absentMs: 1_000, entries: 5, bytes: 30, reads: 2 };
  const cache = new CachedChallenges(source, limits, () => 0);
  const readsOf = async (name: string) => {
    const before = count;
    await cache.read(name);
    return count - before;
  };
  for (const name of ["found1", "found2", "found3", "found4"]) await readsOf(name);
  expect([
    await readsOf("found4"),
    await readsOf("found3"),
    await readsOf("found2"),
    await readsOf("found1"),
  ]).toEqual([0, 0, 0, 1]);
  for (let index = 0; index < 20; index++) await readsOf(`absent${index}`);
  expect([await readsOf("found1"), await readsOf("absent19"), await readsOf("absent0")]).toEqual([0, 0, 1]);

  const slow = [cache.read("slow1"), cache.read("slow2")];
  await expect(cache.read("slow3")).rejects.toThrow("More than 2 different challenges");
  for (const release of pending) release();
  await Promise.all(slow);
});

test("takes Storage's refusal to list for absence, and its refusal to get for a fault", async () => {
  let status = 403;
  let message = "";
  const storage = createServer((_request, response) => {
    const body = status === 200 ? "answer" : JSON.stringify({ error: { code: status, message } });
    response.writeHead(status, { "x-goog-generation": "1", "Content-Type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => storage.listen(0, "127.0.0.1", resolve));
  const STORAGE_EMULATOR_HOST = `http://127.0.0.1:${(storage.address() as AddressInfo).port}`;
  try {
    const challenges = storedChallenges(openBuckets({ STORAGE_EMULATOR_HOST })("challenges"));
    message = "p@example.com does not have storage.objects.list access to the Google Cloud Storage bucket.";
    expect(await challenges.read(NAME)).toBeUndefined();
    message = "p@example.com does not have storage.objects.get access to the Google Cloud Storage object.";
    await expect(challenges.read(NAME)).rejects.toThrow("storage.objects.get");
    status = 404;
    expect(await challenges.read(NAME)).toBeUndefined();
  } finally {
    storage.closeAllConnections();
    storage.close();
  }
});

interface Asked {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
}

function ask({ method = "GET", host = "shop.example.test", path = PATH }: Asked) {
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number | undefined; headers: IncomingMessage["headers"]; body: string }>(
    (resolve, reject) => {
      const asking = request({
        host: "127.0.0.1",
        port,
        method,
        path,
        headers: { Host: host },
        agent: false,
      });
      asking.once("error", reject);
      asking.once("response", (response) => {
        let body = "";
        response.on("data", (chunk) => {
          body += chunk;
        });
        response.once("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      asking.end();
    },
  );
}

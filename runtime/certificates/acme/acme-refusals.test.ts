import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { newEcdsaKey } from "./account-key.ts";
import { openCertificateAuthority } from "./acme-certificate-authority.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
/** Requests since the start, without the directory's. */
let requests: string[];
let nonces: number;
let spent: string[];
/** Of the last signed request. */
let payload: object;
let newOrder: Answer;
let newNonce: Answer;
let directory: Answer;

beforeEach(async () => {
  requests = [];
  nonces = 0;
  spent = [];
  newNonce = (_request, response) => response.end();
  directory = (_request, response) => {
    const names = ["newNonce", "newAccount", "newOrder"];
    response.end(JSON.stringify(Object.fromEntries(names.map((name) => [name, `${base}/${name}`]))));
  };
  server = createServer((request, response) => {
    const path = request.url ?? "";
    response.setHeader("replay-nonce", `nonce${nonces++}`);
    response.setHeader("content-type", "application/json");
    if (path === "/dir") return directory(request, response);
    requests.push(path.slice(1));
    if (path === "/newNonce") return newNonce(request, response);
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk;
    });
    request.on("end", () => {
      const sent = JSON.parse(body);
      const header = JSON.parse(Buffer.from(sent.protected, "base64url").toString());
      payload = JSON.parse(Buffer.from(sent.payload, "base64url").toString());
      spent.push(header.nonce);
      if (path !== "/newAccount") return newOrder(request, response);
      response.setHeader("location", `${base}/account/1`);
      response.statusCode = 201;
      return response.end("{}");
    });
    return undefined;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await once(server.close(), "close");
});

function authority() {
  const contact = "mailto:operator@example.test";
  const key = newEcdsaKey();
  const options = { directoryUrl: `${base}/dir`, contact, profile: "", accountKey: async () => key };
  return openCertificateAuthority(options);
}

function order() {
  return authority().newOrder("shop.example.test");
}

function refuse(status: number, type: string, headers: Record<string, string> = {}): Answer {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/problem+json", ...headers });
    response.end(
      JSON.stringify({
        type: `urn:ietf:params:acme:error:${type}`,
        detail: "no",
        subproblems: [{ type: "urn:ietf:params:acme:error:caa", detail: "not us" }],
      }),
    );
  };
}

test("asks a limiting CA once, and gives its Retry-After as a due time", async () => {
  newOrder = refuse(429, "rateLimited", { "retry-after": "3600" });
  const before = Date.now();
  const problem = await order().catch((error) => error);
  expect(problem).toMatchObject({
    code: "ACME_PROBLEM",
    type: "urn:ietf:params:acme:error:rateLimited",
    status: 429,
    detail: "no",
    subproblems: [{ type: "urn:ietf:params:acme:error:caa", detail: "not us" }],
  });
  expect(problem.retryAfter.getTime()).toBeGreaterThanOrEqual(before + 3_600_000);
  expect(problem.retryAfter.getTime()).toBeLessThan(Date.now() + 3_601_000);
  expect(requests.filter((name) => name === "newOrder")).toHaveLength(1);
});

test.each([500, 503])("asks a CA in trouble (%d) once, and calls it transient", async (status) => {
  newOrder = refuse(status, "serverInternal");
  await expect(order()).rejects.toMatchObject({ code: "ACME_PROBLEM", status, isTransient: true });
  expect(requests.filter((name) => name === "newOrder")).toHaveLength(1);
});

test("takes a fresh nonce for each of a bounded number of badNonce replies", async () => {
  newOrder = refuse(400, "badNonce");
  await expect(order()).rejects.toMatchObject({
    type: "urn:ietf:params:acme:error:badNonce",
    isTransient: true,
  });
  expect(requests.filter((name) => name === "newOrder")).toHaveLength(6);
  expect(new Set(spent).size).toBe(spent.length);
});

test("uses the nonce that came with the last reply", async () => {
  newOrder = refuse(400, "rejectedIdentifier");
  await expect(order()).rejects.toMatchObject({ status: 400, isTransient: false });
  expect(requests).toEqual(["newNonce", "newAccount", "newOrder"]);
});

test("says what broke a connection", async () => {
  newOrder = (_request, response) => response.destroy();
  await expect(order()).rejects.toMatchObject({
    code: "CA_UNAVAILABLE",
    message: expect.stringMatching(/newOrder \((other side closed|read ECONNRESET|socket hang up)\)/),
    mayHaveTakenEffect: true,
  });
  expect(requests.filter((name) => name === "newOrder")).toHaveLength(1);
});

test("sends no newOrder to a CA whose connections break until it gives a nonce", async () => {
  const ca = authority();
  await ca.openAccount();
  newOrder = refuse(400, "malformed");
  await Promise.allSettled([ca.newOrder("a.example.test"), ca.newOrder("b.example.test")]);
  newOrder = (_request, response) => response.destroy();
  await expect(ca.newOrder("shop.example.test")).rejects.toMatchObject({ mayHaveTakenEffect: true });
  requests.length = 0;
  newNonce = (_request, response) => response.destroy();
  await expect(ca.newOrder("shop.example.test")).rejects.toMatchObject({ mayHaveTakenEffect: false });
  expect(requests).toEqual(["newNonce"]);
});

test("says of a CA that is out of reach that nothing took effect there, whatever was asked", async () => {
  const ca = authority();
  // Leaves nonces to the next request, and no connection.
  newOrder = refuse(400, "rejectedIdentifier", { connection: "close" });
  const refused = await Promise.allSettled([ca.newOrder("a.example.test"), ca.newOrder("b.example.test")]);
  expect(refused.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await once(server.close(), "close");
  for (const [call, what] of [
    [() => ca.newOrder("shop.example.test"), "POST .*/newOrder"],
    [() => ca.newOrder("shop.example.test"), "HEAD .*/newNonce"],
    [order, "GET .*/dir"],
  ] as const) {
    await expect(call()).rejects.toMatchObject({
      code: "CA_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`${what} \\(connect ECONNREFUSED`)),
      mayHaveTakenEffect: false,
    });
  }
  server.listen(0, "127.0.0.1");
});

test("does not follow a reply that is not ACME's", async () => {
  newOrder = (_request, response) => {
    response.writeHead(201, { "content-type": "application/json", location: `${base}/order/1` });
    response.end(JSON.stringify({ status: "pending", authorizations: [], finalize: "x" }));
  };
  await expect(order()).rejects.toMatchObject({ code: "CA_UNAVAILABLE" });
});

test.each([
  ["a page", "text/html", "<html>Maintenance</html>"],
  ["an empty object", "application/json", "{}"],
  ["endpoints that are none", "application/json", '{"newNonce": "", "newAccount": "", "newOrder": ""}'],
])("does not keep a directory that is %s", async (_title, type, body) => {
  const ca = authority();
  newOrder = refuse(400, "malformed");
  const wellAgain = directory;
  directory = (_request, response) => response.setHeader("content-type", type).end(body);
  await expect(ca.newOrder("shop.example.test")).rejects.toMatchObject({
    code: "CA_UNAVAILABLE",
    mayHaveTakenEffect: false,
  });
  directory = wellAgain;
  await expect(ca.newOrder("shop.example.test")).rejects.toMatchObject({ code: "ACME_PROBLEM" });
});

test("has no window, and orders without `replaces`, where the CA has no ARI", async () => {
  const ca = authority();
  expect(await ca.renewalInfo("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE")).toBeUndefined();
  const asked: object[] = [];
  newOrder = (request, response) => {
    asked.push(payload);
    return refuse(400, "malformed")(request, response);
  };
  const replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  await expect(ca.newOrder("shop.example.test", { replaces })).rejects.toMatchObject({ status: 400 });
  expect(asked).toEqual([{ identifiers: [{ type: "dns", value: "shop.example.test" }] }]);
});

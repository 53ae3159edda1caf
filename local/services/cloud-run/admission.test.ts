import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Ingress } from "./contract.ts";
import { type Answer, exchange, INVOKER, type Sent, serving, TestBench } from "./testing/bench.ts";

const AUDIENCE = "https://api.platform.example";
const HEADERS = serving(
  "(request, response, body) => response.end(JSON.stringify({ ...request.headers, body }))",
);
let bench: TestBench;
let service: string;
let grant: string;

beforeAll(async () => {
  bench = await TestBench.open();
  grant = bench.allowInvoker("private", `serviceAccount:${INVOKER}`);
  service = await bench.deploy("private", HEADERS, { customAudiences: [AUDIENCE] });
});

afterAll(() => bench.close());

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

test.each([
  ["the service's own URI", () => bench.uri("private")],
  ["a custom audience", () => AUDIENCE],
])("admits an invoker's token for %s and removes its signature", async (_, audience) => {
  const token = await bench.kernel.tokens.idToken(INVOKER, audience());
  const { status, body } = await bench.call("private", bearer(token));
  const [head, payload] = token.split(".");
  expect(status).toBe(200);
  expect(JSON.parse(body).authorization).toBe(`Bearer ${head}.${payload}.SIGNATURE_REMOVED_BY_GOOGLE`);
});

test("takes the token from X-Serverless-Authorization and leaves Authorization to the service", async () => {
  const token = await bench.kernel.tokens.idToken(INVOKER, AUDIENCE);
  const headers = { Authorization: "Basic YTpi", "X-Serverless-Authorization": `Bearer ${token}` };
  const seen = JSON.parse((await bench.call("private", { headers })).body);
  expect(seen.authorization).toBe("Basic YTpi");
  expect(seen["x-serverless-authorization"]).toMatch(/\.SIGNATURE_REMOVED_BY_GOOGLE$/);
});

const claims = () => ({
  iss: "https://accounts.google.com",
  aud: AUDIENCE,
  email: INVOKER,
  email_verified: true,
  exp: Math.floor(Date.now() / 1000) + 600,
});

const refusals: readonly [string, () => Promise<string | undefined>, number, RegExp][] = [
  ["no token", async () => undefined, 403, /set the proper Authorization header/],
  [
    "a token for another audience",
    () => bench.kernel.tokens.idToken(INVOKER, "https://other.example"),
    401,
    /"aud"/,
  ],
  ["an expired token", () => bench.kernel.tokens.idToken(INVOKER, AUDIENCE, -3600), 401, /"exp"/],
  [
    "a token of an account without the grant",
    () => bench.kernel.tokens.idToken("other@p.iam.gserviceaccount.com", AUDIENCE),
    403,
    /other@p\.iam\.gserviceaccount\.com, which does not have the permission run\.routes\.invoke/,
  ],
  ["an unsigned token", async () => `${part({ alg: "none" })}.${part(claims())}.`, 401, /not authenticated/],
  [
    "a token signed by someone else",
    async () => `${part({ alg: "RS256" })}.${part(claims())}.${"A".repeat(342)}`,
    401,
    /signature/,
  ],
  [
    "a token whose signature was removed",
    async () =>
      (await bench.kernel.tokens.idToken(INVOKER, AUDIENCE)).replace(/[^.]*$/, "SIGNATURE_REMOVED_BY_GOOGLE"),
    401,
    /not authenticated/,
  ],
  ["an access token", async () => bench.kernel.tokens.accessToken(INVOKER), 401, /not authenticated/],
];

test.each(refusals)("refuses %s, at the front end and from Pub/Sub", async (_, makeToken, status, rule) => {
  const token = await makeToken();
  const sent: Sent = token === undefined ? {} : bearer(token);
  const answer = await bench.call("private", sent);
  expect(answer.status).toBe(status);
  expect(answer.body).toMatch(rule);
  expect(answer.headers["www-authenticate"]).toMatch(/^Bearer/);
  const pushed = await bench.run.post(bench.uri("private"), {
    headers: sent.headers ?? {},
    body: Buffer.from("{}"),
    deadlineMs: 5000,
  });
  expect(pushed).toEqual({ status, body: answer.body });
});

test("asks the live table at each request", async () => {
  const token = await bench.kernel.tokens.idToken(INVOKER, AUDIENCE);
  bench.kernel.iam.switchOff(grant);
  expect((await bench.call("private", bearer(token))).status).toBe(403);
  bench.kernel.iam.switchOn(grant);
  expect((await bench.call("private", bearer(token))).status).toBe(200);
});

test("pushes a body to an instance and returns its answer", async () => {
  const token = await bench.kernel.tokens.idToken(INVOKER, AUDIENCE);
  const { status, body } = await bench.run.post(`${bench.uri("private")}/push`, {
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: Buffer.from('{"a":1}'),
    deadlineMs: 5000,
  });
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ body: '{"a":1}', "content-type": "application/json" });
  expect(
    (await bench.run.post("https://nobody.a.run.app/", { headers: {}, body: Buffer.alloc(0), deadlineMs: 1 }))
      .status,
  ).toBe(404);
});

test.each<[string, Ingress[]]>([
  ["INGRESS_TRAFFIC_ALL", ["external", "loadBalancer", "pubsub"]],
  ["INGRESS_TRAFFIC_INTERNAL_ONLY", ["pubsub"]],
  ["INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", ["loadBalancer", "pubsub"]],
])("under %s serves %j alone, and hides the service from the rest", async (ingress, open) => {
  bench.allowInvoker("fenced", "allUsers");
  const id = await bench.deploy("fenced", HEADERS, { ingress });
  const statuses = {
    external: (await bench.call("fenced")).status,
    loadBalancer: (await throughLoadBalancer(id)).status,
    pubsub: (
      await bench.run.post(bench.uri("fenced"), { headers: {}, body: Buffer.from(""), deadlineMs: 5000 })
    ).status,
  };
  const due = (way: Ingress) => (open.includes(way) ? 200 : 404);
  expect(statuses).toEqual({
    external: due("external"),
    loadBalancer: due("loadBalancer"),
    pubsub: due("pubsub"),
  });
});

test("streams large bodies and refuses those over 32 MiB", async () => {
  bench.allowInvoker("sized", "allUsers");
  const sized = await bench.deploy("sized", serving("(request, response, body) => response.end(body)"));
  const large = "x".repeat(5 * 1024 * 1024);
  expect((await bench.call("sized", { method: "POST", body: large })).body).toBe(large);
  const sent = { method: "POST", headers: { "Content-Length": String(33 * 1024 * 1024) }, body: "" };
  expect((await bench.call("sized", sent)).status).toBe(413);
  const chunked = {
    method: "POST",
    headers: { "Transfer-Encoding": "chunked" },
    body: Buffer.alloc(33 << 20),
  };
  expect((await throughLoadBalancer(service, chunked)).status).toBe(403);
  expect((await throughLoadBalancer(sized, chunked)).status).toBe(413);
});

test.each([
  ["with its length", (body: Buffer) => ({ framing: `Content-Length: ${body.length}`, sent: body })],
  ["in chunks", (body: Buffer) => ({ framing: "Transfer-Encoding: chunked", sent: chunkOf(body) })],
] as const)(
  "answers an upload of 40 MiB %s, and does not reset who reads only once all is sent",
  async (_, frame) => {
    bench.allowInvoker("uploads", "allUsers");
    const id = await bench.deploy("uploads", serving("(request, response, body) => response.end(body)"));
    const server = createServer(
      (request, response) => void bench.run.serve(id, "loadBalancer", request, response),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    try {
      const { framing, sent } = frame(Buffer.alloc(40 << 20));
      socket.write(`POST / HTTP/1.1\r\nHost: uploads.test\r\n${framing}\r\n\r\n`);
      await new Promise<void>((resolve, reject) =>
        socket.write(sent, (error) => (error ? reject(error) : resolve())),
      );
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toMatch(
        /^HTTP\/1\.1 413 [\s\S]*The request must be at most 33554432 bytes\./,
      );
    } finally {
      socket.destroy();
      server.close();
    }
  },
);

test("keeps Host and the client's address as the load balancer gives them, and drops hop-by-hop headers", async () => {
  const token = await bench.kernel.tokens.idToken(INVOKER, AUDIENCE);
  const headers = {
    Host: "api.platform.example",
    Authorization: `Bearer ${token}`,
    "X-Forwarded-For": "192.0.2.7, 203.0.113.9",
    "X-Forwarded-Proto": "http",
    Connection: "close, x-internal",
    "X-Internal": "1",
    TE: "trailers",
  };
  const seen = JSON.parse((await throughLoadBalancer(service, { headers })).body);
  expect(seen).toMatchObject({
    host: "api.platform.example",
    "x-forwarded-for": "192.0.2.7, 203.0.113.9",
    "x-forwarded-proto": "http",
  });
  expect(seen).not.toHaveProperty("x-internal");
  expect(seen).not.toHaveProperty("te");
});

function chunkOf(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n0\r\n\r\n")]);
}

/** As the load balancer's part does: over a socket of its own, into `serve`. */
async function throughLoadBalancer(id: string, sent: Sent = {}): Promise<Answer> {
  const server = createServer(
    (request, response) => void bench.run.serve(id, "loadBalancer", request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await exchange(httpRequest, sent, {
      port: (server.address() as AddressInfo).port,
      headers: sent.headers,
    });
  } finally {
    server.close();
  }
}

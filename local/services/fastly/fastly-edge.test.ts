import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createSocketServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { openPort } from "../../kernel/open-port.ts";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { type Asked, ask, askRaw, put } from "../testing/front-door.ts";
import { FastlyEdge } from "./fastly-edge.ts";
import { FastlyStore } from "./fastly-store.ts";
import { DOMAIN, DOMAIN_LINK, SERVICE_VCL } from "./kind-tokens.ts";

const HOST = "shop.example.test";
const [FIRST, SECOND] = ["198.51.100.1", "198.51.100.2"];

let stateDir: string;
let kernel: OwnedKernel;
let store: FastlyStore;
let edge: FastlyEdge;
const origins: Server[] = [];
/** Whose doors the edge asked for. */
const sources = new Set<string>();

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "edge-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  store = new FastlyStore(kernel.db);
  edge = new FastlyEdge(kernel, store);
  await edge.start();
});

afterEach(async () => {
  for (const origin of origins.splice(0)) {
    if ("closeAllConnections" in origin) (origin as import("node:http").Server).closeAllConnections();
    await new Promise((resolve) => origin.close(resolve));
  }
});

afterAll(async () => {
  await edge.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

/** An origin at an address of the cloud's network. */
async function originAt(
  address: string,
  port: number,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  names?: readonly string[],
): Promise<void> {
  const server = names
    ? createTlsServer(await kernel.authority.issue(names), handler)
    : createServer(handler);
  origins.push(server);
  const localPort = await openPort(server, 0, "origin");
  kernel.network.listen(address, port, localPort, async (source) => {
    sources.add(source);
    return localPort;
  });
}

const echo = (request: IncomingMessage, response: ServerResponse) => {
  response.setHeader("Connection", "X-Hop");
  response.setHeader("X-Hop", "1");
  response.end(JSON.stringify({ url: request.url, headers: request.headers }));
};

const named = (name: string) => (_: IncomingMessage, response: ServerResponse) => void response.end(name);

function serve(properties: Readonly<Record<string, unknown>>): void {
  put(kernel.resources, SERVICE_VCL, "service", {
    domains: [{ name: HOST }, { name: "*.wild.test" }],
    ...properties,
  });
}

function overHttp(path = "/", asked: Partial<Asked> = {}) {
  return ask({ port: kernel.ports.edgeHttp, path, headers: { Host: HOST, ...asked.headers }, ...asked });
}

test("sends a request on untouched, as Fastly, with what is known of the client and not what it claims", async () => {
  await originAt(FIRST, 80, echo);
  serve({ backends: [{ name: "a", address: FIRST }] });
  const answer = await overHttp("/a%2F..//b?c=%20&&", {
    headers: {
      Host: HOST,
      "Fastly-Client-IP": "192.0.2.66",
      "Fastly-SSL": "1",
      Connection: "X-Private",
      "X-Private": "1",
      "X-Forwarded-For": "192.0.2.1",
    },
  });
  const seen = JSON.parse(answer.body);
  expect(seen).toMatchObject({
    url: "/a%2F..//b?c=%20&&",
    headers: {
      host: HOST,
      "fastly-client-ip": "127.0.0.1",
      "x-forwarded-for": "192.0.2.1, 127.0.0.1",
      "cdn-loop": "Fastly",
    },
  });
  expect(Object.keys(seen.headers)).not.toEqual(expect.arrayContaining(["x-private"]));
  expect(Object.keys(seen.headers)).not.toEqual(expect.arrayContaining(["fastly-ssl"]));
  expect(answer.headers).toMatchObject({ via: "1.1 varnish", "x-cache": "MISS" });
  expect(answer.headers["x-hop"]).toBeUndefined();
  expect([...sources]).toEqual(["151.101.1.57"]);
});

test("takes the last backend whose condition holds, by the conditions' priority, else the one without", async () => {
  await originAt(FIRST, 80, named("first"));
  await originAt(SECOND, 80, named("second"));
  await originAt(FIRST, 8080, named("default"));
  const condition = (name: string, priority: number) => ({
    name,
    type: "REQUEST",
    statement: 'req.url.path ~ "^/x"',
    priority,
  });
  const backends = [
    { name: "a", address: FIRST, requestCondition: "a" },
    { name: "b", address: SECOND, requestCondition: "b" },
    { name: "c", address: FIRST, port: 8080 },
  ];
  serve({ backends, conditions: [condition("a", 10), condition("b", 10)] });
  expect((await overHttp("/x")).body).toBe("second");
  expect((await overHttp("/y")).body).toBe("default");
  serve({ backends, conditions: [condition("a", 20), condition("b", 10)] });
  expect((await overHttp("/x")).body).toBe("first");
  serve({ backends: backends.slice(0, 1), conditions: [condition("a", 10)] });
  expect((await overHttp("/y")).status).toBe(503);
});

test("serves the host that a request names, and none of several", async () => {
  await originAt(FIRST, 80, echo);
  serve({ backends: [{ name: "a", address: FIRST }] });
  const { edgeHttp } = kernel.ports;
  const twice = await askRaw(edgeHttp, ["GET / HTTP/1.1", `Host: ${HOST}`, "Host: other.test"]);
  expect(twice).toMatch(/^HTTP\/1\.1 400 [\s\S]*A request must have one Host header; got 2\./);
  const absolute = await askRaw(edgeHttp, [`GET http://${HOST}/x HTTP/1.1`, "Host: other.test"]);
  expect(absolute).toContain('"url":"/x"');
  expect(absolute).toContain(`"host":"${HOST}"`);
  const many = Array.from({ length: 300 }, (_, at) => `X-${at}: ${at}`);
  expect(await askRaw(edgeHttp, ["GET / HTTP/1.1", `Host: ${HOST}`, ...many])).toMatch(/^HTTP\/1\.1 431 /);
});

test("connects to a backend a few times at once, and gives up in time on requests whose turn has not come", async () => {
  const arrived = new Set<Socket>();
  let enough: () => void = () => undefined;
  const full = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const silent = createSocketServer((socket) => {
    arrived.add(socket.on("error", () => undefined));
    if (arrived.size === 8) enough();
  });
  origins.push(silent);
  kernel.network.listen(FIRST, 443, await openPort(silent, 0, "silent"));
  await originAt(SECOND, 80, named("second"));
  const slow = { address: FIRST, port: 443, useSsl: true, connectTimeout: 60_000, firstByteTimeout: 1_500 };
  serve({
    backends: [
      { name: "slow", ...slow },
      { name: "quick", address: SECOND, requestCondition: "quick" },
    ],
    conditions: [{ name: "quick", type: "REQUEST", statement: 'req.url == "/quick"' }],
  });
  const answers = Array.from({ length: 20 }, () => overHttp());
  await full;
  expect((await overHttp("/quick")).body).toBe("second");
  expect(arrived.size).toBe(8);
  for (const answer of await Promise.all(answers)) {
    expect([answer.status, answer.body]).toEqual([503, "Error 503 first byte timeout\n"]);
  }
  for (const socket of arrived) socket.destroy();
});

test("streams bodies both ways, with and without their length", async () => {
  await originAt(FIRST, 80, (request, response) => void request.pipe(response));
  serve({ backends: [{ name: "a", address: FIRST }] });
  const body = Buffer.alloc(3_000_000, "x");
  const chunked = await overHttp("/", {
    method: "POST",
    body,
    headers: { Host: HOST, "Transfer-Encoding": "chunked" },
  });
  expect(chunked.body.length).toBe(body.length);
  const measured = await overHttp("/", {
    method: "PUT",
    body,
    headers: { Host: HOST, "Content-Length": String(body.length) },
  });
  expect(measured.body.length).toBe(body.length);
});

test("runs header objects and X-Forwarded-For as the service has them", async () => {
  await originAt(FIRST, 80, echo);
  serve({
    backends: [{ name: "a", address: FIRST, overrideHost: "backend.test" }],
    conditions: [{ name: "x", type: "REQUEST", statement: 'req.url ~ "^/x"' }],
    requestSettings: [{ name: "s", xff: "overwrite" }],
    headers: [
      { name: "a", type: "request", action: "set", destination: "http.X-Host", source: "req.http.Host" },
      {
        name: "b",
        type: "request",
        action: "set",
        destination: "http.X-Only",
        source: '"x"',
        requestCondition: "x",
      },
      { name: "c", type: "request", action: "delete", destination: "http.Cookie" },
      {
        name: "d",
        type: "request",
        action: "set",
        destination: "http.X-Kept",
        source: '"no"',
        ignoreIfSet: true,
      },
      { name: "e", type: "response", action: "set", destination: "http.X-Client", source: "client.ip" },
    ],
  });
  const headers = { Host: HOST, Cookie: "a=b", "X-Kept": "yes", "X-Forwarded-For": "192.0.2.1" };
  const answer = await overHttp("/y", { headers });
  const seen = JSON.parse(answer.body).headers;
  expect(seen).toMatchObject({
    host: "backend.test",
    "x-host": HOST,
    "x-kept": "yes",
    "x-forwarded-for": "127.0.0.1",
  });
  expect([seen.cookie, seen["x-only"]]).toEqual([undefined, undefined]);
  expect(answer.headers["x-client"]).toBe("127.0.0.1");
  expect(JSON.parse((await overHttp("/x", { headers })).body).headers["x-only"]).toBe("x");
});

test("verifies the name on a backend's certificate", async () => {
  await originAt(FIRST, 443, echo, ["origin.test"]);
  const backend = { name: "a", address: FIRST, port: 443, useSsl: true, sslSniHostname: "origin.test" };
  serve({ backends: [{ ...backend, sslCertHostname: "origin.test" }] });
  expect((await overHttp()).status).toBe(200);
  serve({ backends: [{ ...backend, sslCertHostname: "other.test" }] });
  const refused = await overHttp();
  expect(refused.status).toBe(503);
  expect(refused.body).toMatch(/other\.test/);
  serve({ backends: [{ ...backend, sslCertHostname: "other.test", sslCheckCert: false }] });
  expect((await overHttp()).status).toBe(200);
});

test("gives up on a backend that is silent, before the first byte and between bytes", async () => {
  await originAt(FIRST, 80, () => undefined);
  await originAt(
    SECOND,
    80,
    (_, response) => void response.writeHead(200, { "Content-Length": "10" }).write("half"),
  );
  serve({ backends: [{ name: "a", address: FIRST, firstByteTimeout: 50 }] });
  const answer = await overHttp();
  expect([answer.status, answer.body]).toEqual([503, "Error 503 first byte timeout\n"]);
  serve({ backends: [{ name: "a", address: SECOND, betweenBytesTimeout: 50 }] });
  await expect(overHttp()).rejects.toThrow(/aborted|socket hang up/);
});

test("gives up on a backend that doesn't finish the TLS handshake", async () => {
  const sockets: Socket[] = [];
  const silent = createSocketServer((socket) => sockets.push(socket.on("error", () => undefined)));
  origins.push(silent);
  kernel.network.listen(FIRST, 443, await openPort(silent, 0, "silent"));
  serve({ backends: [{ name: "a", address: FIRST, port: 443, useSsl: true, connectTimeout: 50 }] });
  const answer = await overHttp();
  for (const socket of sockets) socket.destroy();
  expect([answer.status, answer.body]).toEqual([503, "Error 503 connection timeout\n"]);
});

test("has no more requests under way at a backend than its maxConn", async () => {
  const waiting: ServerResponse[] = [];
  let arrived: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await originAt(FIRST, 80, (_, response) => {
    waiting.push(response);
    arrived();
  });
  serve({ backends: [{ name: "a", address: FIRST, maxConn: 1 }] });
  const one = overHttp();
  await first;
  expect((await overHttp()).body).toBe("Error 503 Backend.max_conn reached\n");
  for (const response of waiting) response.end("done");
  expect((await one).body).toBe("done");
});

test("never connects to what is not of the cloud's own, and finds names by the program's DNS records", async () => {
  serve({ backends: [{ name: "a", address: "origin.Test" }] });
  expect((await overHttp()).body).toBe("Error 503 Backend unavailable: nothing local is at origin.Test:80\n");
  await originAt(FIRST, 80, named("found"));
  put(kernel.resources, "gcp:dns/recordSet:RecordSet", "record", {
    name: "Origin.test.",
    type: "A",
    rrdatas: [FIRST],
  });
  expect((await overHttp()).body).toBe("found");
});

test("stops a request that goes round in circles", async () => {
  kernel.network.listen(FIRST, 80, kernel.ports.edgeHttp);
  serve({ backends: [{ name: "a", address: FIRST }] });
  const answer = await overHttp();
  expect([answer.status, answer.body]).toEqual([503, "Error 503 Loop detected\n"]);
});

test("knows a host by a domain of the API, of the program, or of the service, wildcards of one label included", async () => {
  await originAt(FIRST, 80, named("service"));
  serve({ backends: [{ name: "a", address: FIRST }] });
  const now = new Date().toISOString();
  store.add("domains", { fqdn: "linked.test", service_id: "service", created_at: now, updated_at: now });
  store.add("domains", { fqdn: "unlinked.test", service_id: null, created_at: now, updated_at: now });
  put(kernel.resources, DOMAIN, "made", { fqdn: "made.test", domainId: "made" });
  put(kernel.resources, DOMAIN_LINK, "link", { domainId: "made", serviceId: "service" });
  const hosts = [
    "linked.test:8080",
    "LINKED.test",
    "made.test",
    "a.wild.test",
    "unlinked.test",
    "a.b.wild.test",
  ];
  const statuses: number[] = [];
  for (const Host of hosts) statuses.push((await overHttp("/", { headers: { Host } })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 500, 500]);
});

test("shows what is activated for a server name, the newest after a switch, and nothing to strangers", async () => {
  await originAt(FIRST, 80, echo);
  serve({ backends: [{ name: "a", address: FIRST }], requestSettings: [{ name: "s", forceSsl: true }] });
  const now = new Date().toISOString();
  const upload = async (...names: string[]) => {
    const { cert, key } = await kernel.authority.issue(names);
    const public_key_sha1 = names.join();
    store.add("keys", {
      name: "",
      key_pem: key,
      key_type: "ECDSA",
      key_length: 256,
      public_key_sha1,
      created_at: now,
    });
    return store.addCertificate(
      { name: "", cert_blob: cert, public_key_sha1, created_at: now, updated_at: now },
      names,
    );
  };
  const overTls = (servername: string) =>
    overHttp("/", { port: kernel.ports.edgeHttps, tls: { ca: kernel.authority.rootPem, servername } });
  await expect(overTls(HOST)).rejects.toThrow(/handshake failure/);
  const first = await upload(HOST);
  const activation = store.add("activations", {
    certificate_id: first.id,
    configuration_id: "c",
    domain: HOST,
    created_at: now,
  });
  const answer = await overTls(HOST);
  expect([answer.status, JSON.parse(answer.body).headers["fastly-ssl"]]).toEqual([200, "1"]);
  await expect(overTls("other.test")).rejects.toThrow(/handshake failure/);

  const next = await upload("*.shop.test", HOST);
  store.change("activations", activation.id, { certificate_id: next.id, domain: "*.shop.test" });
  expect((await overTls("a.shop.test")).status).toBe(200);
  await expect(overTls(HOST)).rejects.toThrow(/handshake failure/);
});

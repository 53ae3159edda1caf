import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Egress, LogEntry } from "../../kernel/contract.ts";
import { EgressLedger } from "./egress.ts";
import { originOf } from "./log-origin.ts";
import { ACCOUNT, serving, TestBench, until } from "./testing/bench.ts";

/** Runs the request's body as the body of a function and answers what its promise brings. */
const RUN_BODY = serving(`(request, response, body) => {
  const failed = (names) => new Promise((resolve) => names.once("error", resolve));
  const cause = (error) => error.cause ?? error;
  new Function("require", "failed", "process", "return (async () => {" + body + "})()")(require, failed, process)
    .catch((error) => error)
    .then((value) => value instanceof Error ? { code: cause(value).code, message: cause(value).message } : value)
    .then((value) => response.end(JSON.stringify(value) ?? ""));
}`);

let bench: TestBench;
let listener: ReturnType<typeof createServer>;
/** Connections to a program of this machine that is no part of the cloud. */
let reached = 0;

beforeAll(async () => {
  bench = await TestBench.open();
  bench.allowInvoker("roamer", "allUsers");
  await bench.deploy("roamer", RUN_BODY);
  listener = createServer((socket) => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  listener.close();
  await bench.close();
});

async function run(code: string): Promise<unknown> {
  const { status, body } = await bench.call("roamer", { method: "POST", body: code });
  expect(status).toBe(200);
  return body === "" ? undefined : JSON.parse(body);
}

function row(destination: string): Egress | undefined {
  return bench.run.egress().find((egress) => egress.destination === destination);
}

/** Each tries to leave, and resolves with the error. */
const ATTEMPTS: readonly (readonly [what: string, destination: string, code: string])[] = [
  ["net, an address", "192.0.2.1:443", 'failed(require("node:net").connect(443, "192.0.2.1"))'],
  [
    "net, a name",
    "net.example:443",
    'failed(require("node:net").connect({ host: "net.example", port: 443 }))',
  ],
  [
    "a socket of its own",
    "own.example:25",
    'failed(new (require("node:net").Socket)().connect(25, "own.example"))',
  ],
  ["IPv6", "[2001:db8::1]:80", 'failed(require("node:net").connect(80, "2001:db8::1"))'],
  ["IPv6 loopback", "[::1]:80", 'failed(require("node:net").connect(80, "::1"))'],
  [
    "a name that a lookup of the workload's own steers",
    "192.0.2.2:443",
    `failed(require("node:net").connect({ host: "steered.example", port: 443, lookup: (name, options, callback) =>
      callback(null, options.all ? [{ address: "192.0.2.2", family: 4 }] : "192.0.2.2", 4) }))`,
  ],
  ["TLS", "tls.example:443", 'failed(require("node:tls").connect(443, "tls.example"))'],
  ["HTTP", "192.0.2.3:80", 'failed(require("node:http").get("http://192.0.2.3/"))'],
  ["HTTPS", "https.example:443", 'failed(require("node:https").get("https://https.example/"))'],
  ["HTTP/2", "h2.example:443", 'failed(require("node:http2").connect("https://h2.example"))'],
  ["fetch", "fetch.example:443", 'fetch("https://fetch.example/")'],
  [
    "UDP",
    "192.0.2.4:53",
    'new Promise((done) => require("node:dgram").createSocket("udp4").send("x", 53, "192.0.2.4", done))',
  ],
  ["dns.lookup", "the name lookup.example", 'require("node:dns").promises.lookup("lookup.example")'],
  [
    "dns.lookup with a callback",
    "the name called.example",
    'new Promise((done) => require("node:dns").lookup("called.example", done))',
  ],
  [
    "a reverse lookup",
    "the name of 192.0.2.5",
    'require("node:dns").promises.lookupService("192.0.2.5", 80)',
  ],
  [
    "a resolver with a server of the world's",
    "192.0.2.6:53",
    '(() => { const r = new (require("node:dns").promises.Resolver)(); r.setServers(["192.0.2.6"]); return r.resolveMx("mx.example"); })()',
  ],
  [
    "a socket file",
    "the socket /var/run/docker.sock",
    'failed(require("node:http").get({ socketPath: "/var/run/docker.sock" }))',
  ],
  [
    "a child process",
    "the program curl",
    'require("node:child_process").spawn("curl", ["https://example.com"])',
  ],
  [
    "a child process that is waited for",
    "the program wget",
    'require("node:child_process").execFileSync("wget")',
  ],
  ["another program in its place", "the program /bin/true", 'process.execve("/bin/true", [], {})'],
  ["a native add-on", "the native add-on /tmp/a.node", 'process.dlopen({ exports: {} }, "/tmp/a.node")'],
  [
    "a worker thread that asks for no preload",
    "192.0.2.7:443",
    `new Promise((done) => new (require("node:worker_threads").Worker)(
      'require("node:net").connect(443, "192.0.2.7").on("error", ({ code, message }) => require("node:worker_threads").parentPort.postMessage({ code, message }))',
      { eval: true, execArgv: [] }).on("message", done))`,
  ],
];

test.each(ATTEMPTS)("refuses and reports %s: %s", async (_, destination, code) => {
  expect(await run(`return await ${code};`)).toEqual({
    code: "EGRESS_REFUSED",
    message: expect.stringContaining(`Egress to ${destination} is refused: `),
  });
  await until(() => row(destination) !== undefined);
  expect(row(destination)).toMatchObject({ service: "roamer", allowed: false, count: expect.any(Number) });
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      source: "roamer",
      severity: "ERROR",
      message: expect.stringContaining(`Egress to ${destination} was refused`),
      destination,
    }),
  );
});

test("refuses connected datagrams, groups, and the system's own resolvers", async () => {
  const connected = `new Promise((done) => require("node:dgram").createSocket("udp4").connect(53, "192.0.2.8", done))`;
  expect(await run(`return await ${connected};`)).toMatchObject({ code: "EACCES" });
  const group = `new Promise((done) => { const s = require("node:dgram").createSocket("udp4").bind(0, () => { try { s.addMembership("233.252.0.1"); } catch (error) { done(error); } }); })`;
  expect(await run(`return await ${group};`)).toMatchObject({ code: "EACCES" });
  expect(await run('return await require("node:dns").promises.resolve4("resolved.example");')).toMatchObject({
    code: "EGRESS_REFUSED",
  });
  await until(() => row("192.0.2.8:53") !== undefined && row("the group 233.252.0.1") !== undefined);
});

test.each<[string, () => number | Promise<number>]>([
  ["another program", () => (listener.address() as AddressInfo).port],
  ["the cloud's control", () => bench.kernel.ports.control],
  ["a provider", () => bench.kernel.ports.gcpProvider],
  [
    "another account",
    async () => (await bench.kernel.identities.endpoints("other@p.iam.gserviceaccount.com")).http,
  ],
])("refuses the port of %s on this machine", async (_, port) => {
  const destination = `127.0.0.1:${await port()}`;
  expect(
    await run(`return await failed(require("node:net").connect(${await port()}, "localhost"));`),
  ).toMatchObject({
    code: "EGRESS_REFUSED",
  });
  await until(() => row(destination) !== undefined);
  expect([row(destination)?.allowed, reached]).toEqual([false, 0]);
});

test("lets a service reach the cloud and itself, and knows which parts", async () => {
  const { http, grpc } = await bench.kernel.identities.endpoints(ACCOUNT);
  const connect = (port: number | string, host: string) =>
    run(
      `return await new Promise((done, fail) => require("node:net").connect(${port}, "${host}", () => done("open")).on("error", fail));`,
    );
  for (const port of [http, grpc, bench.kernel.ports.googleapis, "process.env.PORT"]) {
    expect(await connect(port, "127.0.0.1")).toBe("open");
  }
  expect(await connect(bench.kernel.ports.run, "roamer.localhost")).toBe("open");
  const parts = () =>
    new Set(
      bench.run
        .egress()
        .filter(({ allowed }) => allowed)
        .map(({ part }) => part),
    );
  await until(() => parts().size === 5);
  expect(parts()).toEqual(new Set(["storage", "pubsub", "google apis", "itself", "cloud run"]));
  expect(row(`127.0.0.1:${grpc}`)).toMatchObject({
    service: "roamer",
    allowed: true,
    part: "pubsub",
    count: 1,
  });
});

test("logs a destination that is tried again and again once, and counts each try", async () => {
  const before = bench.logs.length;
  const code = 'for (let i = 0; i < 200; i += 1) await failed(require("node:net").connect(1, "192.0.2.9"));';
  await run(code);
  await until(() => row("192.0.2.9:1")?.count === 200);
  expect(bench.logs.slice(before).filter(({ destination }) => destination === "192.0.2.9:1")).toHaveLength(1);
});

test("opens what listens without an address, or on all, to this machine alone", async () => {
  const addressOf = (listen: string) =>
    run(
      `return await new Promise((done) => { const server = ${listen}; server.once("listening", () => done(server.address().address)); });`,
    );
  for (const args of ["", "() => {}", '0, "0.0.0.0"', '{ port: 0, host: "::" }']) {
    expect(await addressOf(`require("node:net").createServer().listen(${args})`)).toBe("127.0.0.1");
  }
  expect(await addressOf('require("node:dgram").createSocket("udp4").bind()')).toBe("127.0.0.1");
  expect(await addressOf('require("node:dgram").createSocket("udp6").bind()')).toBe("::1");
});

test("hides the channel to the host from the workload", async () => {
  expect(await run("return [typeof process.send, typeof process.disconnect];")).toEqual([
    "undefined",
    "undefined",
  ]);
});

test("keeps a bounded table, whatever number of destinations there is", () => {
  const logs: LogEntry[] = [];
  const ledger = new EgressLedger({ logging: { write: (entry) => logs.push(entry) } });
  const origin = originOf(
    { project: "p", location: "l", name: "scanner" },
    "scanner-00001-abc",
    "varlog/system",
  );
  for (let at = 0; at < 3000; at += 1) {
    ledger.add([{ destination: `192.0.2.1:${at}`, verdict: { rule: "no" }, count: 1 }], origin);
  }
  expect(ledger.rows).toHaveLength(1001);
  expect(ledger.rows.at(-1)).toMatchObject({ destination: "further destinations", count: 2000 });
  expect(logs).toHaveLength(1001);
  ledger.forget("scanner");
  expect(ledger.rows).toEqual([]);
});

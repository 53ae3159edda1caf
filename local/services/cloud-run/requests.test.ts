import { existsSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { LogEntry } from "../../kernel/contract.ts";
import { serving, TestBench, until } from "./testing/bench.ts";

let bench: TestBench;

beforeAll(async () => {
  bench = await TestBench.open({ stopGraceMs: 1000 });
  for (const name of ["shop", "log"]) bench.allowInvoker(name, "allUsers");
  await bench.deploy(
    "shop",
    serving(`(request, response, body) => {
      const { pathname } = new URL(request.url, "http://localhost");
      const { existsSync, writeFileSync } = require("node:fs");
      const file = request.headers["x-file"];
      if (pathname === "/large") return response.writeHead(200, { "Content-Length": 33 << 20 }).end(Buffer.alloc(33 << 20));
      if (pathname === "/streamed-large") return [...Array(33)].map(() => response.write(Buffer.alloc(1 << 20))), response.end();
      if (pathname === "/status") return response.writeHead(Number(body)).end("as told");
      if (pathname === "/gone") { console.log("serving"); response.once("close", () => writeFileSync(file, "")); return; }
      if (pathname === "/stream") {
        response.write("first,");
        const timer = setInterval(() => existsSync(file) && (clearInterval(timer), response.end("last")), 10);
        return;
      }
      response.end(JSON.stringify(request.headers));
    }`),
    { template: { maxInstanceRequestConcurrency: 1, scaling: { maxInstanceCount: 1 } } },
  );
});

afterAll(() => bench.close());

const TRACE = "0af7651916cd43dd8448eb211c80319c";

function requestLogs(since: number): readonly LogEntry[] {
  return bench.logs.slice(since).filter(({ logName }) => logName === "run.googleapis.com/requests");
}

async function logOf(call: () => Promise<unknown>): Promise<LogEntry> {
  const since = bench.logs.length;
  await call();
  await until(() => requestLogs(since).length > 0);
  const [entry, ...others] = requestLogs(since);
  expect(others).toEqual([]);
  return entry as LogEntry;
}

test("logs one entry a request, with the fields of Cloud Logging's httpRequest and of the revision", async () => {
  const headers = { "User-Agent": "tester/1.0", Referer: "https://from.example/" };
  const entry = await logOf(() =>
    bench.call("shop", { method: "PUT", path: "/a/b?c=d", headers, body: "x".repeat(1000) }),
  );
  expect(entry).toMatchObject({
    severity: "INFO",
    message: "PUT /a/b 200",
    source: "shop",
    logName: "run.googleapis.com/requests",
    resource: {
      type: "cloud_run_revision",
      labels: {
        project_id: "p",
        location: "europe-west1",
        service_name: "shop",
        configuration_name: "shop",
        revision_name: expect.stringMatching(/^shop-00001-[a-p]{3}$/),
      },
    },
    trace: expect.stringMatching(/^projects\/p\/traces\/[0-9a-f]{32}$/),
    spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    traceSampled: true,
    httpRequest: {
      requestMethod: "PUT",
      requestUrl: "https://shop-abc-ew.a.run.app/a/b?c=d",
      requestSize: expect.stringMatching(/^1[2-9]\d\d$/),
      status: 200,
      responseSize: expect.stringMatching(/^[4-9]\d\d$/),
      userAgent: "tester/1.0",
      referer: "https://from.example/",
      remoteIp: "127.0.0.1",
      latency: expect.stringMatching(/^\d+\.\d{6}s$/),
      protocol: "HTTP/1.1",
    },
  });
});

test.each([
  ["200", "INFO"],
  ["302", "INFO"],
  ["404", "WARNING"],
  ["503", "ERROR"],
])("gives a request that ends with %s the severity %s", async (status, severity) => {
  const entry = await logOf(() => bench.call("shop", { method: "POST", path: "/status", body: status }));
  expect(entry).toMatchObject({ severity, httpRequest: { status: Number(status) } });
});

test.each([
  ["traceparent", `00-${TRACE}-b7ad6b7169203331-01`, TRACE, true],
  ["traceparent", `00-${TRACE}-b7ad6b7169203331-00`, TRACE, false],
  ["traceparent", `00-${"0".repeat(32)}-b7ad6b7169203331-01`, undefined, true],
  ["X-Cloud-Trace-Context", `${TRACE}/12345;o=1`, TRACE, true],
  ["X-Cloud-Trace-Context", `${TRACE}/12345;o=0`, TRACE, false],
  ["X-Cloud-Trace-Context", "nonsense", undefined, true],
])("continues the trace of %s: %s, in both headers and in the log", async (name, value, trace, sampled) => {
  let seen: Record<string, string> = {};
  const entry = await logOf(async () => {
    seen = JSON.parse((await bench.call("shop", { headers: { [name]: value } })).body);
  });
  const [, traceId = "", spanId = "", flags] =
    /^00-(\w{32})-(\w{16})-(\d\d)$/.exec(seen.traceparent ?? "") ?? [];
  if (trace === undefined) expect(traceId).not.toBe("0".repeat(32));
  else expect(traceId).toBe(trace);
  expect([flags, spanId === "b7ad6b7169203331"]).toEqual([sampled ? "01" : "00", false]);
  expect(seen["x-cloud-trace-context"]).toBe(`${traceId}/${BigInt(`0x${spanId}`)};o=${sampled ? 1 : 0}`);
  expect(entry).toMatchObject({ trace: `projects/p/traces/${traceId}`, spanId, traceSampled: sampled });
});

test("streams a response as it comes", async () => {
  const file = join(bench.kernel.stateDir, "stream");
  const { host } = new URL(bench.uri("shop"));
  const chunks: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    const request = httpsRequest({
      host: "127.0.0.1",
      port: bench.kernel.ports.run,
      servername: host,
      ca: bench.kernel.authority.rootPem,
      path: "/stream",
      headers: { Host: host, "X-File": file },
      agent: false,
    });
    request.once("response", (response) => {
      response.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
      response.once("end", resolve);
    });
    request.once("error", reject).end();
  });
  await until(() => chunks.join("") === "first,");
  writeFileSync(file, "");
  await ended;
  expect(chunks.join("")).toBe("first,last");
});

test("refuses a response over 32 MiB that is not streamed, and lets a streamed one be", async () => {
  expect(await bench.call("shop", { path: "/large" })).toMatchObject({
    status: 500,
    body: "Response size was too large. Please consider reducing response size.",
  });
  expect((await bench.call("shop", { path: "/streamed-large" })).body).toHaveLength(33 << 20);
});

test("ends a request whose client goes away, frees its place and logs 499", async () => {
  const file = join(bench.kernel.stateDir, "gone");
  const { host } = new URL(bench.uri("shop"));
  const entry = await logOf(async () => {
    const request = httpsRequest({
      host: "127.0.0.1",
      port: bench.kernel.ports.run,
      servername: host,
      ca: bench.kernel.authority.rootPem,
      path: "/gone",
      headers: { Host: host, "X-File": file },
      agent: false,
    });
    request.once("error", () => undefined).end();
    await until(() => bench.logs.some(({ message }) => message === "serving"));
    request.destroy();
    await until(() => existsSync(file));
  });
  expect(entry).toMatchObject({
    severity: "WARNING",
    message: "GET /gone 499: the client closed the connection",
    httpRequest: { status: 499 },
  });
  expect((await bench.call("shop")).status).toBe(200);
});

test("takes structured lines by Cloud Logging's special fields, and other lines as text without severity on either stream", async () => {
  const line = {
    severity: "error",
    message: "late",
    httpRequest: { requestMethod: "GET", status: 500 },
    "logging.googleapis.com/trace": `projects/p/traces/${TRACE}`,
    "logging.googleapis.com/spanId": "b7ad6b7169203331",
    "logging.googleapis.com/trace_sampled": true,
    "logging.googleapis.com/labels": { order: "7" },
    "logging.googleapis.com/sourceLocation": { file: "a.ts", line: "1", function: "f" },
    "logging.googleapis.com/operation": { id: "op" },
    "logging.googleapis.com/insertId": "i1",
    logName: "forged",
    amount: 7,
  };
  await bench.deploy(
    "log",
    serving(`(request, response) => {
      console.log(${JSON.stringify(JSON.stringify(line))});
      console.error("plain error");
      response.end();
    }`),
  );
  await bench.call("log");
  await until(() => bench.logs.some(({ message }) => message === "plain error"));
  const resource = { type: "cloud_run_revision", labels: expect.objectContaining({ service_name: "log" }) };
  expect(bench.logs.find(({ message }) => message === "late")).toEqual({
    severity: "ERROR",
    message: "late",
    source: "log",
    revision: expect.stringMatching(/^log-00001/),
    logName: "run.googleapis.com/stdout",
    resource,
    httpRequest: { requestMethod: "GET", status: 500 },
    trace: `projects/p/traces/${TRACE}`,
    spanId: "b7ad6b7169203331",
    traceSampled: true,
    labels: { order: "7" },
    sourceLocation: { file: "a.ts", line: "1", function: "f" },
    operation: { id: "op" },
    insertId: "i1",
    amount: 7,
  });
  expect(bench.logs.find(({ message }) => message === "plain error")).toMatchObject({
    severity: "INFO",
    logName: "run.googleapis.com/stderr",
    resource,
  });
});

test("breaks off a request whose answering fails, says so, and goes on", async () => {
  const end = bench.kernel.logging.subscribe(({ logName }) => {
    if (logName === "run.googleapis.com/requests") throw new Error("no log today");
  });
  try {
    const headers = { "Content-Length": String(33 << 20) };
    await expect(bench.call("shop", { method: "POST", headers })).rejects.toThrow("socket hang up");
  } finally {
    end();
  }
  expect(bench.logs.at(-1)).toMatchObject({
    severity: "ERROR",
    source: "run",
    message: expect.stringContaining("A request could not be answered: Error: no log today"),
  });
  expect((await bench.call("shop", {})).status).toBe(200);
});

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Part } from "../kernel/contract.ts";
import { type OwnedKernel, startKernel } from "../services/start-kernel.ts";
import { controlHandler, statusOf } from "./control.ts";

const OPERATOR = "operator@local.iam.gserviceaccount.com";

const REFUSED = {
  service: "domain-api",
  destination: "example.com:443",
  allowed: false,
  rule: "never the world outside",
  count: 3,
};

let stateDir: string;
let kernel: OwnedKernel;
let stops = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "control-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  const parts: readonly Part[] = [
    {
      name: "run",
      start: async () => {},
      stop: async () => {},
      pids: () => [7],
      egress: () => [REFUSED],
    },
    { name: "edge", start: async () => {}, stop: async () => {} },
  ];
  kernel.control.on(
    "request",
    controlHandler(
      kernel,
      () => statusOf(kernel, parts),
      () => {
        stops += 1;
      },
      [
        {
          method: "POST",
          path: /^\/jobs\/([^/]+)\/run$/,
          answer: (name) => (name === "a b" ? { ran: name } : undefined),
        },
      ],
    ),
  );
  kernel.resources.put({
    kind: "gcp:serviceaccount/account:Account",
    id: `projects/local/serviceAccounts/${OPERATOR}`,
    urn: "urn:pulumi:test::test::gcp:serviceaccount/account:Account::operator",
    properties: { email: OPERATOR },
  });
});

afterAll(async () => {
  await kernel.stop();
  await rm(stateDir, { recursive: true });
});

const ask = (path: string, init?: RequestInit) =>
  fetch(`http://127.0.0.1:${kernel.ports.control}${path}`, init);

/** `fetch` sends neither a Host nor what browsers say of a page. */
async function statusOfRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number | undefined> {
  const sent = request({
    port: kernel.ports.control,
    host: "127.0.0.1",
    path,
    method,
    headers,
    agent: false,
  });
  const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

test("opens ports for accounts that exist, and for no other name, however it is written", async () => {
  const found = await ask(`/identities/${encodeURIComponent(OPERATOR)}`);
  await expect(found.json()).resolves.toEqual({ http: expect.any(Number), grpc: expect.any(Number) });
  for (const name of ["nobody%40local.iam.gserviceaccount.com", "%ff", "%", "..%2f"]) {
    expect((await ask(`/identities/${name}`)).status).toBe(404);
  }
});

test("tells the processes of each part, and where workloads connected to", async () => {
  await expect((await ask("/status")).json()).resolves.toMatchObject({
    parts: [
      { name: "run", pids: [7] },
      { name: "edge", pids: [] },
    ],
    pids: [process.pid, 7],
    egress: [REFUSED],
  });
});

test("stops for a POST alone", async () => {
  expect((await ask("/stop")).status).toBe(404);
  expect(stops).toBe(0);
  expect((await ask("/stop", { method: "POST" })).status).toBe(200);
});

test.each([
  ["another site's page", { Origin: "https://example.com" }],
  ["a page without an origin of its own", { Origin: "null" }],
  ["a page of another port", { Origin: "http://127.0.0.1:8080" }],
  ["a browser that says no more than that it is for another site", { "Sec-Fetch-Site": "cross-site" }],
  ["a page under another name of this machine's", { "Sec-Fetch-Site": "same-site" }],
  ["a name that leads here", { Host: "rebound.example.com" }],
  ["a name that begins like this machine's", { Host: "127.0.0.1.example.com" }],
])("serves nothing to %s", async (_, headers) => {
  const stopped = stops;
  for (const [method, path] of [
    ["POST", "/stop"],
    ["GET", "/status"],
    ["GET", `/identities/${encodeURIComponent(OPERATOR)}`],
    ["POST", "/jobs/a%20b/run"],
  ] as const) {
    expect(await statusOfRequest(method, path, headers)).toBe(403);
  }
  expect(stops).toBe(stopped);
});

test.each([
  ["GET", "/stop"],
  ["PUT", "/stop"],
  ["DELETE", "/status"],
  ["POST", "/status"],
  ["POST", `/identities/${encodeURIComponent(OPERATOR)}`],
  ["GET", "/jobs/a%20b/run"],
])("takes no %s %s", async (method, path) => {
  const stopped = stops;
  expect(await statusOfRequest(method, path)).toBe(404);
  expect(stops).toBe(stopped);
});

test("answers what parts answer, and 404 for what they don't know", async () => {
  const found = await ask("/jobs/a%20b/run", { method: "POST" });
  await expect(found.json()).resolves.toEqual({ ran: "a b" });
  expect((await ask("/jobs/a%20b/run")).status).toBe(404);
  expect((await ask("/jobs/other/run", { method: "POST" })).status).toBe(404);
  expect((await ask("/jobs/%ff/run", { method: "POST" })).status).toBe(500);
});

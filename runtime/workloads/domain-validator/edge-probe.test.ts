import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { openEdgeProbe } from "./edge-probe.ts";

const DOMAIN = "shop.example.test";
const signal = new AbortController().signal;
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  if (server?.listening) await new Promise((closed) => server?.close(closed));
});

async function edge(listener: RequestListener): Promise<number> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("finds its own challenge by the domain's Host, after a while, and takes it away again", async () => {
  const challenges = new MemoryObjectStore();
  const seen: string[] = [];
  const port = await edge(async (request, response) => {
    seen.push(request.headers.host ?? "");
    // The first answer comes from an edge that does not know the domain yet.
    if (seen.length === 1) return void response.writeHead(404).end("unknown domain");
    response.end((await challenges.read(`${request.headers.host}${request.url}`))?.bytes);
  });
  const probe = openEdgeProbe({ challenges, port });
  expect(await probe.run(DOMAIN, ["127.0.0.1"], signal)).toEqual({ kind: "served" });
  expect(seen).toEqual([DOMAIN, DOMAIN]);
  expect(challenges.names).toEqual([]);
});

test.each<[string, RequestListener, object]>([
  ["another body", (_request, response) => void response.end("else"), { kind: "wrong", saw: "another body" }],
  [
    "a redirect, which it does not follow",
    (request, response) =>
      void response.writeHead(301, { location: `http://${request.headers.host}/` }).end(),
    { kind: "wrong", saw: "status 301" },
  ],
  [
    "a body without end, which it does not read",
    (_request, response) => {
      const timer = setInterval(() => response.write("x".repeat(4_096)), 1);
      response.on("close", () => clearInterval(timer));
    },
    { kind: "wrong", saw: "another body" },
  ],
  ["a broken connection", (request) => void request.socket.destroy(), { kind: "unreachable" }],
])("tells %s", async (_title, listener, result) => {
  const challenges = new MemoryObjectStore();
  const probe = openEdgeProbe({ challenges, port: await edge(listener), deadlineMs: 0 });
  expect(await probe.run(DOMAIN, ["127.0.0.1"], signal)).toMatchObject(result);
  expect(challenges.names).toEqual([]);
});

test("connects to the addresses it is given, in turn, never to the domain's", async () => {
  const challenges = new MemoryObjectStore();
  const port = await edge(async (request, response) => {
    response.end((await challenges.read(`${request.headers.host}${request.url}`))?.bytes);
  });
  const probe = openEdgeProbe({ challenges, port });
  // Nobody listens on the first; `DOMAIN` does not resolve at all.
  expect(await probe.run(DOMAIN, ["127.0.0.99", "127.0.0.1"], signal)).toEqual({ kind: "served" });
});

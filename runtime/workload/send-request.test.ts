import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { type OutgoingRequest, sendRequest } from "./send-request.ts";

let server: Server;
let url: string;
let connections: number;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  connections = 0;
  answer = (_request, response) => response.end("answer");
  server = createServer((request, response) => answer(request, response));
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`;
});

afterEach(async () => {
  jest.restoreAllMocks();
  server.closeAllConnections();
  await once(server.close(), "close");
});

function send(request: Partial<OutgoingRequest> = {}) {
  return sendRequest(url, { method: "GET", deadlineMs: 5_000, ...request });
}

test("sends method, path, headers and body, and gives any answer whole", async () => {
  answer = async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString("utf8");
    const { "x-a": a, "content-length": length } = request.headers;
    response.writeHead(503, { "X-Answer": "yes" });
    response.write("ä".repeat(10));
    response.end(JSON.stringify([request.method, request.url, a, length, body]));
  };
  const reply = await send({ method: "POST", headers: { "X-A": "b" }, body: "ä" });
  expect(reply.status).toBe(503);
  expect(reply.headers["x-answer"]).toBe("yes");
  expect(reply.body.toString("utf8")).toBe(
    `${"ä".repeat(10)}${JSON.stringify(["POST", "/path?query", "b", "2", "ä"])}`,
  );
});

test("keeps its connection for the next request, and trusts none that has rested too long", async () => {
  await send();
  await send();
  expect(connections).toBe(1);
  const now = Date.now();
  jest.spyOn(Date, "now").mockReturnValue(now + 60_000);
  await send();
  expect(connections).toBe(2);
});

test("follows no redirect", async () => {
  answer = (_request, response) => response.writeHead(302, { Location: url }).end();
  expect((await send()).status).toBe(302);
});

test("gives up at the deadline, before and within an answer", async () => {
  answer = () => undefined;
  await expect(send({ deadlineMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  answer = (_request, response) => void response.writeHead(200).write("half");
  await expect(send({ deadlineMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("ends with its signal, before and within an answer", async () => {
  const reason = new Error("not needed any more");
  const early = new AbortController();
  early.abort(reason);
  await expect(send({ signal: early.signal })).rejects.toBe(reason);
  const midway = new AbortController();
  answer = (_request, response) => {
    response.writeHead(200).write("half");
    midway.abort(reason);
  };
  await expect(send({ signal: midway.signal })).rejects.toBe(reason);
});

test("an answer that is cut short, or too long to be meant, is none", async () => {
  answer = (_request, response) => {
    response.writeHead(200, { "Content-Length": 100 }).write("half", () => response.destroy());
  };
  await expect(send()).rejects.toMatchObject({ code: "ECONNRESET" });
  answer = (_request, response) => response.end(Buffer.alloc(5 * 1024 * 1024));
  await expect(send()).rejects.toThrow("over 4194304 bytes");
});

test.each([
  [
    "switches protocols unasked",
    "101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x",
    "without an answer",
  ],
  ["has no status that could be", "000 None\r\nContent-Length: 0", "must be 200 or more; got 0"],
])("an answer that %s is none, at once", async (_, head, message) => {
  answer = (_request, response) => void response.socket?.write(`HTTP/1.1 ${head}\r\n\r\n`);
  await expect(send()).rejects.toThrow(message);
});

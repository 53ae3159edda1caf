import { once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createServer, shutDown } from "../../workload/server.ts";
import { ALICE, BOB, bearer, TestApi } from "./testing/api.ts";

const IDLE = 250;

let api: TestApi;
let server: Server;

beforeEach(async () => {
  api = new TestApi();
  server = createServer(api.app);
  await once(server.listen(0, "127.0.0.1"), "listening");
});

afterEach(() => shutDown(server, 0));

const port = () => (server.address() as AddressInfo).port;

/** Sends headers that promise a body, and then `body`. */
async function open(email: string, body = "", framing = "content-length: 29"): Promise<Socket> {
  const socket = connect(port(), "127.0.0.1");
  socket.write(
    `POST /v1/domains HTTP/1.1\r\nhost: api\r\nauthorization: ${bearer(email)}\r\n` +
      `content-type: application/json\r\n${framing}\r\n\r\n${body}`,
  );
  await once(socket, "connect");
  return socket;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setImmediate();
}

function expireBodies(): void {
  for (const act of [...api.deadlines]) act();
}

/** All that comes, until the server closes the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let received = "";
  for await (const chunk of socket.setEncoding("utf8")) received += chunk;
  return received;
}

function post(email: string, domain: string) {
  return fetch(`http://127.0.0.1:${port()}/v1/domains`, {
    method: "POST",
    headers: { authorization: bearer(email), "content-type": "application/json" },
    body: JSON.stringify({ domain }),
  });
}

test("one caller's idle requests take some places for a while, and others' requests are answered meanwhile", async () => {
  const idle = await Promise.all(Array.from({ length: IDLE }, () => open(ALICE)));
  let answered = 0;
  const answering = idle.map(async (socket) => {
    const answer = await answerOf(socket);
    answered++;
    return answer;
  });
  await until(() => answered === IDLE - 60 && api.deadlines.size === 60);
  expect((await post(BOB, "shop.example.test")).status).toBe(202);

  expireBodies();
  const answers = await Promise.all(answering);
  const count = (status: string) =>
    answers.filter((answer) => answer.startsWith(`HTTP/1.1 ${status}`)).length;
  expect({ slow: count("408"), tooMany: count("429") }).toEqual({ slow: 60, tooMany: IDLE - 60 });
  expect(answers.find((answer) => answer.includes(" 429 "))).toMatch(/retry-after: 1\r\n/i);

  // The places are free again, the caller's own too.
  const again = await Promise.all(Array.from({ length: 50 }, () => post(ALICE, "other.example.test")));
  expect(again.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 202));
});

test.each([
  ["of a known length", "content-length: 29", '{"domain":"a.example'],
  ["in chunks", "transfer-encoding: chunked", '14\r\n{"domain":"a.example\r\n'],
])("a body %s that stops half way is answered with 408", async (_title, framing, body) => {
  const socket = await open(ALICE, body, framing);
  await until(() => api.deadlines.size === 1);
  expireBodies();
  const answer = await answerOf(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  expect(answer).toMatch(/connection: close/i);
  expect(answer).toContain('"code":"body-too-slow"');
  expect(api.objects.names).toEqual([]);
});

test("a body that is too large in chunks is refused before its end", async () => {
  const chunk = `2001\r\n${"a".repeat(0x2001)}\r\n`;
  expect(await answerOf(await open(ALICE, chunk, "connection: close\r\ntransfer-encoding: chunked"))).toMatch(
    /^HTTP\/1\.1 413 /,
  );
});

test.each(["gzip", "identity, gzip", "x"])(
  "a body in the coding %s is refused by its name",
  async (coding) => {
    const response = await fetch(`http://127.0.0.1:${port()}/v1/domains`, {
      method: "POST",
      headers: {
        authorization: bearer(ALICE),
        "content-type": "application/json",
        "content-encoding": coding,
      },
      body: gzipSync('{"domain":"shop.example.test"}'),
    });
    expect(response.status).toBe(415);
    expect(response.headers.get("accept-encoding")).toBe("identity");
    expect(await response.json()).toMatchObject({
      code: "content-coding",
      detail: `The body must have no content coding; got "${coding}".`,
    });
  },
);

test("a body that says that it has no coding is taken", async () => {
  const response = await api.app.request("/v1/domains", {
    method: "POST",
    headers: {
      authorization: bearer(ALICE),
      "content-type": "application/json",
      "content-encoding": "Identity",
    },
    body: '{"domain":"shop.example.test"}',
  });
  expect(response.status).toBe(202);
});

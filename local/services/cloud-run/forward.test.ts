import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "@jest/globals";
import { forward } from "./forward.ts";

let server: Server;

afterEach(() => once(server.close(), "close"));

/** A call to an instance that answers with these bytes, whatever it is asked. */
async function callTo(answer: string, signal = new AbortController().signal) {
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => (answer === "" ? socket.end() : socket.write(answer)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return forward((server.address() as AddressInfo).port, {
    method: "POST",
    url: "/",
    headers: ["Host", "shop"],
    body: Readable.from([Buffer.from("body")]),
    protocol: "HTTP/1.1",
    peer: undefined,
    signal,
  });
}

test.each([
  [
    "switches protocols unasked",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "the connection closed without an answer",
  ],
  [
    "answers with no status that could be",
    "HTTP/1.1 000 None\r\nContent-Length: 0\r\n\r\n",
    "the status must be 200 or more; got 0",
  ],
  ["answers something else than HTTP", "hello\r\n\r\n", expect.stringContaining("Parse Error")],
  ["hangs up", "", "socket hang up"],
])("an instance that %s is broken", async (_, answer, message) => {
  await expect(callTo(answer)).rejects.toMatchObject({ code: "BROKEN_INSTANCE", cause: { message } });
});

test("ends a call with its signal's reason, not as the instance's fault", async () => {
  const reason = new Error("nobody waits");
  await expect(callTo("HTTP/1.1 200", AbortSignal.abort(reason))).rejects.toBe(reason);
});

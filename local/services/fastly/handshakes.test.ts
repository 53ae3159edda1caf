import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createSecureContext, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { openPort } from "../../kernel/open-port.ts";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { Handshakes, type HandshakesOptions } from "./handshakes.ts";

const HOST = "shop.example.test";
/** How every handshake begins, and this one does not go on. */
const BEGINNING = Buffer.from([0x16]);

let stateDir: string;
let kernel: OwnedKernel;
let server: Server;
let port: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "handshakes-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

/** @returns what resolves once so many clients have spoken. */
async function listen(options: Partial<HandshakesOptions>): Promise<(clients: number) => Promise<void>> {
  const context = createSecureContext(await kernel.authority.issue([HOST]));
  const handshakes = new Handshakes({
    contextFor: (serverName) => (serverName === HOST ? context : undefined),
    onSecure: (socket) => socket.end("secured"),
    onRefused: () => undefined,
    ...options,
  });
  let spoken = 0;
  let onSpoken: () => void = () => undefined;
  server = createServer((socket) => {
    sockets.push(socket);
    handshakes.take(socket);
    socket.once("readable", () => {
      spoken += 1;
      onSpoken();
    });
  });
  port = await openPort(server, 0, "handshakes");
  return (clients) =>
    new Promise((resolve) => {
      onSpoken = () => {
        if (spoken >= clients) resolve();
      };
      onSpoken();
    });
}

async function begin(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket.on("error", () => undefined));
  await once(socket, "connect");
  socket.write(BEGINNING);
  return socket;
}

function visit(servername = HOST): TLSSocket {
  const socket = connectTls({ port, host: "127.0.0.1", servername, ca: kernel.authority.rootPem });
  sockets.push(socket);
  return socket;
}

const said = async (socket: TLSSocket) => Buffer.concat(await socket.toArray()).toString();

test("does so many handshakes at once, lets so many wait, and resets the others at once, which is told", async () => {
  const refused = Promise.withResolvers<number>();
  const spoken = await listen({ mostAtOnce: 1, mostWaiting: 1, onRefused: refused.resolve });
  const first = await begin();
  await spoken(1);
  const second = said(visit());
  await spoken(2);
  await expect(said(visit())).rejects.toMatchObject({ code: "ECONNRESET" });
  first.destroy();
  await expect(second).resolves.toBe("secured");
  await expect(refused.promise).resolves.toBe(1);
});

test("lets nobody wait for a client that says nothing, or for one that does not go on beyond a deadline", async () => {
  await listen({ mostAtOnce: 1, deadlineMs: 50 });
  const silent = connect(port, "127.0.0.1");
  sockets.push(silent);
  await once(silent, "connect");
  await expect(said(visit())).resolves.toBe("secured");
  await once(await begin(), "close");
  await expect(said(visit())).resolves.toBe("secured");
});

test("goes on after handshakes that fail", async () => {
  await listen({ mostAtOnce: 1 });
  await expect(said(visit("stranger.test"))).rejects.toThrow(/handshake failure/);
  const plain = connect(port, "127.0.0.1");
  sockets.push(plain.on("error", () => undefined));
  plain.write("GET / HTTP/1.1\r\n\r\n");
  await once(plain.resume(), "close");
  await expect(said(visit())).resolves.toBe("secured");
});

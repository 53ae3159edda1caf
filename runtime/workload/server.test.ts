import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, get } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Hono } from "hono";
import { createServer as createWorkloadServer, requestListener, shutDown } from "./server.ts";

async function serve(app: Hono) {
  const server = createServer(requestListener(app)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("answers for its health beside the app's own routes", async () => {
  const { server, url } = await serve(new Hono().get("/hello", (context) => context.text("hi")));
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
  expect(await (await fetch(`${url}/hello`)).text()).toBe("hi");
  expect((await fetch(`${url}/health`, { method: "POST" })).status).toBe(404);
  await shutDown(server, 1_000);
});

test("lets a request in flight finish, and takes no new one", async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { server, url } = await serve(
    new Hono().get("/slow", async (context) => {
      arrived.resolve();
      await release.promise;
      return context.text("finished");
    }),
  );
  const slow = fetch(`${url}/slow`);
  await arrived.promise;
  const stopped = shutDown(server, 60_000);
  await expect(fetch(`${url}/slow`)).rejects.toThrow();
  release.resolve();
  expect(await (await slow).text()).toBe("finished");
  await stopped;
});

test("cuts off what does not finish in time", async () => {
  const arrived = Promise.withResolvers<void>();
  const { server, url } = await serve(
    new Hono().get("/stuck", () => {
      arrived.resolve();
      return new Promise<Response>(() => undefined);
    }),
  );
  const stuck = once(get(`${url}/stuck`), "error");
  await arrived.promise;
  await shutDown(server, 10);
  expect(await stuck).toMatchObject([{ code: "ECONNRESET" }]);
});

test.each([
  ["nothing", ""],
  ["half a header", "POST / HTTP/1.1\r\nhost: x\r\nx-half"],
  ["no body", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n"],
  ["half a body", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhal"],
])("cuts off a client that sends %s", async (_title, sent) => {
  const app = new Hono().post("/", async (context) => context.text(await context.req.text()));
  const server = createWorkloadServer(app, { headersMs: 50, requestMs: 100, lookMs: 10 });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write(sent);
  let received = "";
  for await (const chunk of socket.setEncoding("utf8")) received += chunk;
  expect(received).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close/);
  await shutDown(server, 0);
});

test("a workload that cannot start says why in one line of its log and exits with 1", async () => {
  const source = new URL("./workload.ts", import.meta.url);
  const script = `import { workload } from ${JSON.stringify(source.href)}; await workload(() => ({})).start();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: { PORT: "0", EDGE_HTTP_PORT: "no", K_SERVICE: "api" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({
    severity: "CRITICAL",
    service: "api",
    message: expect.stringMatching(/has 2 mistakes:\n {2}PORT: .*\n {2}EDGE_HTTP_PORT: /),
  });
});

test("a workload ends by itself on SIGTERM", async () => {
  const source = new URL("./workload.ts", import.meta.url);
  const script = `import { workload } from ${JSON.stringify(source.href)};
    await workload(() => ({ fetch: () => new Response("hi") })).start();`;
  const free = createServer().listen(0, "127.0.0.1");
  await once(free, "listening");
  const { port } = free.address() as AddressInfo;
  await shutDown(free, 0);
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hi");
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
});

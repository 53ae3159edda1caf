import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { serving, TestBench, until } from "./testing/bench.ts";

let bench: TestBench;

beforeAll(async () => {
  bench = await TestBench.open({ stopGraceMs: 1000 });
});

afterAll(() => bench.close());

/** Answers its process id; 500 under /probe while the file SICK exists; and `/hang` never. */
const PATIENT = serving(`(request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/hang") return;
  if (pathname !== "/probe") return response.end(String(process.pid));
  console.log("asked by " + request.headers["x-from"]);
  response.writeHead(require("node:fs").existsSync(process.env.SICK) ? 500 : 204).end();
}`);

function patient(name: string, container: Record<string, unknown>, template: Record<string, unknown> = {}) {
  const sick = join(bench.kernel.stateDir, `sick-${name}`);
  bench.allowInvoker(name, "allUsers");
  const deploy = () =>
    bench.deploy(name, PATIENT, {
      template: { scaling: { maxInstanceCount: 1 }, ...template },
      container: { envs: [{ name: "SICK", value: sick }], ...container },
    });
  return { deploy, fall: () => writeFileSync(sick, ""), recover: () => rmSync(sick) };
}

const httpGet = { path: "/probe", httpHeaders: [{ name: "X-From", value: "cloud-run" }] };
const EVERY_SECOND = { periodSeconds: 1, failureThreshold: 1, httpGet };

test("starts an instance once its startup probe is answered, and not before", async () => {
  const { deploy, fall, recover } = patient("startup", {
    startupProbe: { periodSeconds: 1, failureThreshold: 2, httpGet },
  });
  fall();
  await expect(deploy()).rejects.toThrow(
    /its instance was not started: STARTUP HTTP probe failed 2 times consecutively for container "startup-1" on port \d+ path "\/probe":\nasked by cloud-run\nasked by cloud-run$/,
  );
  recover();
  await bench.deploy("startup", `${PATIENT}\n`, { container: { startupProbe: { httpGet } } });
  expect((await bench.call("startup")).status).toBe(200);
});

test("kills an instance whose liveness probe fails, with what it serves, and serves the queue by a new one", async () => {
  const { deploy, fall, recover } = patient(
    "liveness",
    { livenessProbe: EVERY_SECOND },
    { maxInstanceRequestConcurrency: 2 },
  );
  await deploy();
  const before = (await bench.call("liveness")).body;
  const lost = [bench.call("liveness", { path: "/hang" }), bench.call("liveness", { path: "/hang" })];
  await until(() =>
    bench.logs.some(({ source, message }) => source === "liveness" && message.startsWith("asked")),
  );
  const queued = bench.call("liveness");
  fall();
  expect((await Promise.all(lost)).map(({ status }) => status)).toEqual([503, 503]);
  recover();
  const { status, body } = await queued;
  expect([status, body === before]).toEqual([200, false]);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      source: "liveness",
      severity: "ERROR",
      logName: "run.googleapis.com/varlog/system",
      message: expect.stringMatching(
        /^LIVENESS HTTP probe failed 1 time consecutively for container "liveness-1" on port \d+ path "\/probe"\. The instance has been shut down\.$/,
      ),
    }),
  );
});

test("gives an instance no requests while its readiness probe fails, and goes on with the same one", async () => {
  const { deploy, fall, recover } = patient("readiness", {
    readinessProbe: { ...EVERY_SECOND, successThreshold: 1 },
  });
  await deploy();
  const before = (await bench.call("readiness")).body;
  fall();
  const said = (text: string) => () =>
    bench.logs.some(({ source, message }) => source === "readiness" && message.endsWith(text));
  await until(said("The instance gets no new requests."));
  let isAnswered = false;
  const waiting = bench.call("readiness").finally(() => {
    isAnswered = true;
  });
  const askedBefore = bench.logs.filter(({ message }) => message === "asked by cloud-run").length;
  await until(
    () => bench.logs.filter(({ message }) => message === "asked by cloud-run").length > askedBefore,
  );
  expect(isAnswered).toBe(false);
  recover();
  expect(await waiting).toMatchObject({ status: 200, body: before });
  expect(said("The instance gets requests again.")()).toBe(true);
});

test.each([
  [
    "livenessProbe",
    { tcpSocket: {} },
    /livenessProbe\.tcpSocket: must be absent: Cloud Run has no liveness probe over TCP/,
  ],
  ["livenessProbe", { httpGet: {}, grpc: {} }, /livenessProbe\.grpc: is not supported locally/],
  ["startupProbe", { grpc: {} }, /startupProbe\.grpc: is not supported locally/],
  ["readinessProbe", { httpGet: {}, grpc: {} }, /readinessProbe\.grpc: is not supported locally/],
  [
    "startupProbe",
    { periodSeconds: 60, failureThreshold: 5 },
    /failureThreshold times periodSeconds must not be over 240 s/,
  ],
  [
    "livenessProbe",
    { httpGet: {}, periodSeconds: 1, timeoutSeconds: 2 },
    /timeoutSeconds must not be over periodSeconds/,
  ],
  [
    "livenessProbe",
    { httpGet: { port: 9090 } },
    /livenessProbe\.httpGet\.port: must be the container's port, 8080/,
  ],
])("refuses a %s with %j", async (probe, settings, rule) => {
  await expect(bench.deploy("probeless", PATIENT, { container: { [probe]: settings } })).rejects.toThrow(
    rule,
  );
});

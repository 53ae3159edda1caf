import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVICE_KIND } from "./service-settings.ts";
import { ACCOUNT, serving, TestBench, until } from "./testing/bench.ts";

let bench: TestBench;

beforeAll(async () => {
  bench = await TestBench.open({
    idleMs: 60_000,
    startupDeadlineMs: 10_000,
    queueDeadlineMs: 300,
    stopGraceMs: 1000,
  });
});

afterAll(() => bench.close());

const ECHO = serving(`(request, response, body) => response.end(JSON.stringify({
  method: request.method, url: request.url, headers: request.headers, body, env: process.env, cwd: process.cwd(),
}))`);
const WHO = serving("(request, response) => response.end(String(process.pid))");
/** Answers once the file RELEASE exists, with the most requests that it ever had at once. */
const HOLD = serving(`(request, response) => {
  globalThis.now = (globalThis.now ?? 0) + 1;
  globalThis.most = Math.max(globalThis.most ?? 0, globalThis.now);
  const timer = setInterval(() => {
    if (!require("node:fs").existsSync(process.env.RELEASE)) return;
    clearInterval(timer);
    globalThis.now -= 1;
    response.end(JSON.stringify({ pid: process.pid, most: globalThis.most }));
  }, 10);
}`);

test("starts an instance from the object, with the declared and the platform's environment alone", async () => {
  bench.allowInvoker("echo", "allUsers");
  const changes = { container: { envs: [{ name: "COLOUR", value: "green" }] } };
  await bench.deploy("echo", ECHO, changes);
  const { status, body } = await bench.call("echo", {
    method: "POST",
    path: "/a/../%2e%2e?q=1",
    body: "hello",
  });
  const seen = JSON.parse(body);
  const { http, grpc } = await bench.kernel.identities.endpoints(ACCOUNT);

  expect(status).toBe(200);
  expect(seen).toMatchObject({
    method: "POST",
    url: "/a/../%2e%2e?q=1",
    body: "hello",
    headers: { host: "echo-abc-ew.a.run.app", "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" },
    env: {
      COLOUR: "green",
      K_SERVICE: "echo",
      K_REVISION: expect.stringMatching(/^echo-00001-[a-p]{3}$/),
      STORAGE_EMULATOR_HOST: `http://127.0.0.1:${http}`,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${grpc}`,
      FASTLY_API_ENDPOINT: `https://127.0.0.1:${bench.kernel.ports.fastlyApi}`,
    },
  });
  expect(seen.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(seen.env).not.toHaveProperty("HOME");
  expect(seen.cwd.startsWith(process.cwd())).toBe(false);
});

test("a service whose deletion fails on a full disk ends all the same, and is forgotten when it is deleted again", async () => {
  bench.allowInvoker("leaver", "allUsers");
  const id = await bench.deploy("leaver", WHO);
  const pid = Number((await bench.call("leaver")).body);
  const { db, resources } = bench.kernel;
  const revisions = () => db.prepare("SELECT name FROM run_revision_history WHERE service = ?").all(id);
  const remove = () => resources.remove(SERVICE_KIND, id);
  db.exec(
    `CREATE TEMP TRIGGER full BEFORE DELETE ON main.run_revision_history
     BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
  );
  expect(remove).toThrow("database or disk is full");
  db.exec("DROP TRIGGER temp.full");
  expect((await bench.call("leaver")).status).toBe(404);
  await until(() => !isAlive(pid));
  expect(revisions()).toHaveLength(1);

  remove();
  expect(resources.get(SERVICE_KIND, id)).toBeUndefined();
  expect(revisions()).toEqual([]);
});

test("listens on this machine alone, whatever the code asks for", async () => {
  bench.allowInvoker("open", "allUsers");
  const source = `const server = require("node:http").createServer((request, response) =>
    response.end(server.address().address)).listen({ port: Number(process.env.PORT), host: "0.0.0.0" });`;
  await bench.deploy("open", source);
  expect((await bench.call("open")).body).toBe("127.0.0.1");
});

test("gives an instance no more requests at once than its concurrency, and starts others for the rest", async () => {
  bench.allowInvoker("hold", "allUsers");
  const release = join(bench.kernel.stateDir, "release-hold");
  const before = bench.run.pids().length;
  await bench.deploy("hold", HOLD, {
    template: { maxInstanceRequestConcurrency: 2, scaling: { maxInstanceCount: 3 } },
    container: { envs: [{ name: "RELEASE", value: release }] },
  });
  const calls = Array.from({ length: 6 }, () => bench.call("hold"));
  await until(() => bench.run.pids().length === before + 3);
  writeFileSync(release, "");
  const answers = (await Promise.all(calls)).map(({ body }) => JSON.parse(body));
  expect(new Set(answers.map(({ pid }) => pid)).size).toBe(3);
  expect(answers.map(({ most }) => most)).toEqual([2, 2, 2, 2, 2, 2]);
});

test("refuses with 429 what finds every instance of the maximum busy for too long", async () => {
  bench.allowInvoker("full", "allUsers");
  const release = join(bench.kernel.stateDir, "release-full");
  await bench.deploy("full", HOLD, {
    template: { maxInstanceRequestConcurrency: 1, scaling: { maxInstanceCount: 1 } },
    container: { envs: [{ name: "RELEASE", value: release }] },
  });
  const calls = [bench.call("full"), bench.call("full")];
  const refused = await Promise.race(calls);
  writeFileSync(release, "");
  expect(refused).toMatchObject({
    status: 429,
    body: "The request was aborted because there was no available instance.",
  });
  expect((await Promise.all(calls)).map(({ status }) => status).sort()).toEqual([200, 429]);
});

test("answers 504 after the request timeout and closes the connection", async () => {
  bench.allowInvoker("slow", "allUsers");
  await bench.deploy("slow", serving("() => {}"), { template: { timeout: "1s" } });
  const { status, headers } = await bench.call("slow");
  expect([status, headers.connection]).toEqual([504, "close"]);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      source: "slow",
      severity: "ERROR",
      message: "GET / 504: upstream request timeout",
    }),
  );
});

test("answers 503 for a crash, logs its exit code, and starts anew for the next request", async () => {
  bench.allowInvoker("crash", "allUsers");
  const source = serving(
    '(request, response) => request.url === "/die" ? process.exit(7) : response.end(String(process.pid))',
  );
  await bench.deploy("crash", source);
  const before = (await bench.call("crash")).body;
  expect((await bench.call("crash", { path: "/die" })).status).toBe(503);
  await until(() =>
    bench.logs.some(({ message }) => /An instance of crash-00001-\w+ exited with code 7/.test(message)),
  );
  const after = await bench.call("crash");
  expect(after.status).toBe(200);
  expect(after.body).not.toBe(before);
});

test("ends an instance over its memory limit", async () => {
  bench.allowInvoker("greedy", "allUsers");
  const source = serving("(request, response) => { globalThis.hoard = Buffer.alloc(200 << 20, 1); }");
  await bench.deploy("greedy", source, { container: { resources: { limits: { memory: "128Mi" } } } });
  expect((await bench.call("greedy")).status).toBe(503);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      message: expect.stringMatching(/^Memory limit of 128 MiB exceeded with \d+ MiB used/),
    }),
  );
});

test("resolves secrets as the service's own account, and names the missing permission", async () => {
  const envs = [{ name: "TOKEN", valueSource: { secretKeyRef: { secret: "api-token", version: "3" } } }];
  bench.allowInvoker("secretive", "allUsers");
  await expect(bench.deploy("secretive", ECHO, { container: { envs } })).rejects.toThrow(
    "echo@p.iam.gserviceaccount.com does not have secretmanager.versions.access access to projects/p/secrets/api-token",
  );
  bench.grant(
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    { secretId: "api-token" },
    "roles/secretmanager.secretAccessor",
    `serviceAccount:${ACCOUNT}`,
  );
  await bench.deploy("secretive", ECHO, { container: { envs } });
  expect(JSON.parse((await bench.call("secretive")).body).env.TOKEN).toBe("projects/p/secrets/api-token@3");
});

test("moves traffic to a new revision once it is ready, and keeps the old one when it never is", async () => {
  bench.allowInvoker("swap", "allUsers");
  const version = (text: string) =>
    serving(`(request, response) => response.end("${text} " + process.env.K_REVISION)`);
  await bench.deploy("swap", version("one"));
  expect((await bench.call("swap")).body).toMatch(/^one swap-00001-/);

  const failing = bench.deploy("swap", 'console.error("no such thing"); process.exit(3);');
  await expect(failing).rejects.toThrow(
    /Revision "swap-00002-\w+" failed: its instance exited with code 3[\s\S]*no such thing/,
  );
  expect((await bench.call("swap")).body).toMatch(/^one swap-00001-/);

  await bench.deploy("swap", version("two"));
  expect((await bench.call("swap")).body).toMatch(/^two swap-00003-/);
});

test("lets a request in flight end on the old revision while new ones go to the new", async () => {
  bench.allowInvoker("drain", "allUsers");
  const slow = serving(
    '(request, response) => setTimeout(() => response.end("old"), request.url === "/slow" ? 800 : 0)',
  );
  await bench.deploy("drain", slow);
  const inFlight = bench.call("drain", { path: "/slow" });
  await until(() => bench.run.pids().length > 0);
  await bench.deploy("drain", serving('(request, response) => response.end("new")'));
  expect((await bench.call("drain")).body).toBe("new");
  expect((await inFlight).body).toBe("old");
});

test("names what does not listen, with its last lines", async () => {
  const idle = await TestBench.open({ startupDeadlineMs: 2000, stopGraceMs: 100 });
  try {
    const source = 'console.log("thinking"); setInterval(() => {}, 1000);';
    await expect(idle.deploy("mute", source)).rejects.toThrow(
      /Revision "mute-00001-\w+" failed: its instance did not listen on the port given by PORT=\d+ within 2 s:\nthinking/,
    );
  } finally {
    await idle.close();
  }
});

test("stops idle instances down to the minimum, and scales from zero again", async () => {
  const idle = await TestBench.open({ idleMs: 100, stopGraceMs: 1000 });
  try {
    idle.allowInvoker("who", "allUsers");
    idle.allowInvoker("warm", "allUsers");
    await idle.deploy("who", WHO);
    await idle.deploy("warm", WHO, { template: { scaling: { minInstanceCount: 1 } } });
    const warm = (await idle.call("warm")).body;
    const before = (await idle.call("who")).body;
    await until(() => idle.run.pids().length === 1);
    expect(idle.run.pids()).toEqual([Number(warm)]);
    expect((await idle.call("who")).body).not.toBe(before);
  } finally {
    await idle.close();
  }
});

test("refuses by name what it does not do", async () => {
  const changes = {
    container: { livenessProbe: { grpc: {}, httpGet: {} } },
    template: { timeout: "2h", vpcAccess: {} },
  };
  const failing = bench.deploy("refused", WHO, changes);
  await expect(failing).rejects.toThrow(
    /timeout: must be "1s" to "3600s".*livenessProbe\.grpc: is not supported locally.*vpcAccess/s,
  );
  await expect(bench.deploy("docker", WHO, { container: { image: "nginx" } })).rejects.toThrow(
    'image: must be "scratch"',
  );
});

test("keeps the severity, message, trace and fields of structured log lines", async () => {
  bench.allowInvoker("talk", "allUsers");
  const line = { severity: "WARNING", message: "late", "logging.googleapis.com/trace": "t1", order: 7 };
  await bench.deploy(
    "talk",
    serving(
      `(request, response) => { console.log(${JSON.stringify(JSON.stringify(line))}); response.end(); }`,
    ),
  );
  await bench.call("talk");
  await until(() => bench.logs.some(({ order }) => order === 7));
  expect(bench.logs.find(({ order }) => order === 7)).toMatchObject({
    severity: "WARNING",
    message: "late",
    trace: "t1",
    source: "talk",
  });
});

test("ends instances with a host that is killed, and clears up after it at the next start", async () => {
  const stuck = `process.on("SIGUSR2", () => { for (;;); });${WHO}`;
  const names = ["orphan", "stuck"].map((name) => `${name}-${process.pid}`);
  const program = `
    import { TestBench } from ${JSON.stringify(new URL("testing/bench.ts", import.meta.url).href)};
    const bench = await TestBench.open();
    for (const [name, source] of ${JSON.stringify([
      [names[0], WHO],
      [names[1], stuck],
    ])}) {
      await bench.deploy(name, source);
    }
    console.log(JSON.stringify({ folder: bench.kernel.stateDir, pids: bench.run.pids() }));
  `;
  const host = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(host.stdout, "data");
  const { folder, pids } = JSON.parse(line);
  const unpacked = () =>
    readdirSync(tmpdir())
      .filter((name) => name.startsWith("local-cloud-run-"))
      .flatMap((name) => readdirSync(join(tmpdir(), name)))
      .filter((folder) => names.some((name) => folder.startsWith(`${name}-00001-`)));
  expect([pids.map(isAlive), unpacked().length]).toEqual([[true, true], 2]);

  process.kill(pids[1], "SIGUSR2");
  host.kill("SIGKILL");
  await until(() => !isAlive(pids[0]));
  expect(isAlive(pids[1])).toBe(true);
  const next = await TestBench.open({}, folder);
  await until(() => !isAlive(pids[1]));
  expect(unpacked()).toEqual([]);
  await next.close();
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

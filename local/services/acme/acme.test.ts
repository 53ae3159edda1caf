import { spawn } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { claimPorts } from "../../kernel/claim-ports.ts";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { Acme } from "./acme.ts";
import { KeptProcess } from "./kept-process.ts";

const BIN_DIR = join(import.meta.dirname, "../../../.local/bin");

let stateDir: string;
let kernel: OwnedKernel;
let acme: Acme;
let resolver: Resolver;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "acme-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  acme = new Acme(kernel, { binDir: BIN_DIR, watch: { everyMs: 100, deadlineMs: 1_000 } });
  await acme.start();
  resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${kernel.ports.dns}`]);
});

afterAll(async () => {
  const pids = acme.pids();
  await acme.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
  expect(pids.filter(isAlive)).toEqual([]);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const value = await Promise.resolve()
      .then(probe)
      .catch(() => undefined);
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not come.`);
    await delay(20);
  }
}

function trustedRoots(): number {
  return readFileSync(kernel.authority.caFile, "utf8").split("BEGIN CERTIFICATE").length - 1;
}

/** Local addresses, in hex, of a process's sockets that others can send to. From /proc: no tool for it is everywhere. */
function openTo(pid: number): string[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map(
      (fd) => /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1],
    ),
  );
  return ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => inodes.has(row[9]) && (table.startsWith("udp") || row[3] === "0A"))
      .map((row) => row[1]?.split(":")[0] ?? ""),
  );
}

(process.platform === "linux" ? test : test.skip)("listens on loopback addresses alone", () => {
  const addresses = acme.pids().map(openTo);
  expect(addresses.map((found) => found.length)).toEqual([3, 2]);
  expect(addresses.flat().filter((address) => address !== "0100007F")).toEqual([]);
});

test("answers with what was set, by type, and with the edge for names without records", async () => {
  await expect(resolver.resolve4("shop.example.test")).resolves.toEqual(["127.0.0.1"]);
  await expect(resolver.resolve6("shop.example.test")).rejects.toMatchObject({ code: "ENODATA" });

  await acme.dns.setA("elsewhere.example.test", ["192.0.2.1"]);
  await acme.dns.setA("elsewhere.example.test", ["192.0.2.2", "192.0.2.3"]);
  await acme.dns.setCaa("guarded.example.test", [{ tag: "issue", value: "other-ca.example" }]);
  await acme.dns.setCname("alias.example.test", "elsewhere.example.test");
  await acme.dns.setServfail("broken.example.test");
  await acme.dns.setTxt("_platform-challenge.example.test", ["first"]);
  await acme.dns.setTxt("_platform-challenge.example.test", ["second", "third"]);
  await expect(resolver.resolveTxt("_platform-challenge.example.test")).resolves.toEqual([
    ["second"],
    ["third"],
  ]);
  await acme.dns.clearTxt("_platform-challenge.example.test");
  await expect(resolver.resolveTxt("_platform-challenge.example.test")).rejects.toMatchObject({
    code: "ENODATA",
  });
  expect((await resolver.resolve4("elsewhere.example.test")).sort()).toEqual(["192.0.2.2", "192.0.2.3"]);
  await expect(resolver.resolveCaa("guarded.example.test")).resolves.toMatchObject([
    { issue: "other-ca.example" },
  ]);
  await expect(resolver.resolveCname("alias.example.test")).resolves.toEqual(["elsewhere.example.test"]);
  await expect(resolver.resolve4("broken.example.test")).rejects.toMatchObject({ code: "ESERVFAIL" });

  await acme.dns.clearServfail("broken.example.test");
  await acme.dns.clearA("elsewhere.example.test");
  await expect(resolver.resolve4("broken.example.test")).resolves.toEqual(["127.0.0.1"]);
  await expect(resolver.resolve4("elsewhere.example.test")).resolves.toEqual(["127.0.0.1"]);
  await expect(acme.dns.setA("x.example.test", ["::1"])).rejects.toThrow(
    `A DNS record's address must be an IPv4 address; got "::1".`,
  );
});

test("starts a killed CA again and trusts its new root, and a killed DNS with its records", async () => {
  await acme.dns.setA("kept.example.test", ["192.0.2.9"]);
  const before = acme.pids();
  expect(before).toHaveLength(2);
  const roots = trustedRoots();
  for (const pid of before) process.kill(pid, "SIGKILL");
  await until("a new root", () => trustedRoots() > roots || undefined);
  const addresses = await until("the kept record", async () => {
    const found = await resolver.resolve4("kept.example.test");
    return found.includes("192.0.2.9") ? found : undefined;
  });
  expect(addresses).toEqual(["192.0.2.9"]);
  const after = await until("both again", () => (acme.pids().length === 2 ? acme.pids() : undefined));
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test("ends a CA that no longer answers, and starts it again", async () => {
  const [dns, pebble] = acme.pids();
  const roots = trustedRoots();
  process.kill(pebble ?? 0, "SIGSTOP");
  await until("a new root", () => trustedRoots() > roots || undefined);
  expect(acme.pids()).toEqual([dns, expect.any(Number)]);
  expect(acme.pids()).not.toContain(pebble);
});

test("its processes die with the cloud, kill -9 included", async () => {
  const folder = mkdtempSync(join(tmpdir(), "acme-killed-"));
  const program = `
    import { startKernel } from ${JSON.stringify(join(import.meta.dirname, "../start-kernel.ts"))};
    import { Acme } from ${JSON.stringify(join(import.meta.dirname, "acme.ts"))};
    const kernel = await startKernel({ stateDir: ${JSON.stringify(folder)}, portBase: "any" });
    const acme = new Acme(kernel, { binDir: ${JSON.stringify(BIN_DIR)} });
    await acme.start();
    console.log(JSON.stringify(acme.pids()));
  `;
  const cloud = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(cloud.stdout, "data");
  const pids: number[] = JSON.parse(String(line));
  expect(pids.filter(isAlive)).toHaveLength(2);
  cloud.kill("SIGKILL");
  await until("the end of both", () => pids.filter(isAlive).length === 0 || undefined);
  rmSync(folder, { recursive: true, force: true });
});

test("says what is missing and how it is built", async () => {
  const broken = new Acme(kernel, { binDir: join(stateDir, "nowhere") });
  await expect(broken.start()).rejects.toThrow(
    `challtestsrv must be an executable at ${stateDir}/nowhere/pebble-challtestsrv; build it with "node setup.mjs".`,
  );
});

test("refuses ports that something else holds, though that would answer its probes", async () => {
  const twin = new Acme({ ...kernel, stateDir: join(stateDir, "twin") }, { binDir: BIN_DIR });
  await expect(twin.start()).rejects.toMatchObject({ code: "PORT_TAKEN" });
  await expect(resolver.resolve4("shop.example.test")).resolves.toEqual(["127.0.0.1"]);
});

test("ends what a killed cloud left behind, on a machine without ps too", async () => {
  const leftover = spawn("/bin/sleep", ["600"]);
  const pidFile = join(stateDir, "leftover.pid");
  writeFileSync(pidFile, String(leftover.pid));
  const program = `
    import { KeptProcess } from ${JSON.stringify(join(import.meta.dirname, "kept-process.ts"))};
    const kept = new KeptProcess({
      name: "sleep", command: "/bin/sleep", args: ["601"], env: {}, ports: [], pidFile: ${JSON.stringify(pidFile)},
      onLine() {}, onTrouble() {}, async ready() {}, async answers() {},
    });
    await kept.start();
    await kept.stop();
  `;
  const cloud = spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    env: { PATH: "/nonexistent" },
    stdio: "inherit",
  });
  try {
    expect(await once(cloud, "exit")).toEqual([0, null]);
    await until("its end", () => leftover.signalCode ?? undefined);
  } finally {
    leftover.kill("SIGKILL");
  }
});

test("reports a program that ends at once with its own last words", async () => {
  const lines: string[] = [];
  const broken = new KeptProcess({
    name: "Pebble",
    command: join(BIN_DIR, "pebble"),
    args: ["-config", "/nonexistent.json"],
    env: {},
    ports: [],
    pidFile: join(stateDir, "broken.pid"),
    onLine: (line) => lines.push(line),
    onTrouble: (sentence) => lines.push(sentence),
    ready: () => Promise.reject(new Error("no answer")),
    answers: () => Promise.reject(new Error("no answer")),
  });
  await expect(broken.start()).rejects.toThrow(/Pebble ended with status 1:(.|\n)*nonexistent\.json/);
  expect(lines.join()).toMatch(/nonexistent\.json/);
});

test("says nothing of its own when a program is stopped", async () => {
  const lines: string[] = [];
  const kept = new KeptProcess({
    name: "sleep",
    command: "/bin/sleep",
    args: ["600"],
    env: {},
    ports: [],
    pidFile: join(stateDir, "stopped.pid"),
    onLine: (line) => lines.push(line),
    onTrouble: (sentence) => lines.push(sentence),
    ready: async () => undefined,
    answers: async () => undefined,
  });
  await kept.start();
  await until("the program", () => kept.pid);
  await kept.stop();
  expect(lines).toEqual([]);
});

test("says once that its port is taken when it is to start again, and starts when the port is free", async () => {
  const { ports, control } = await claimPorts("any");
  const troubles: string[] = [];
  const kept = new KeptProcess({
    name: "sleep",
    command: "/bin/sleep",
    args: ["600"],
    env: {},
    ports: [ports.acme],
    pidFile: join(stateDir, "sleep.pid"),
    onLine: () => undefined,
    onTrouble: (sentence) => troubles.push(sentence),
    ready: async () => undefined,
    answers: async () => undefined,
  });
  await kept.start();
  const squatter = createServer().listen(ports.acme, "127.0.0.1");
  await once(squatter, "listening");
  const first = await until("the program", () => kept.pid);
  process.kill(first, "SIGKILL");
  await until("the sentence", () => troubles.length >= 2 || undefined);
  squatter.close();
  await until("the program again", () => (kept.pid === first ? undefined : kept.pid));
  await kept.stop();
  await new Promise((resolve) => control.close(resolve));
  expect(troubles).toEqual([
    "sleep ended with status 137; it is started again.",
    `Port ${ports.acme} (sleep) is taken on 127.0.0.1; free it, or move all ports with --port-base.`,
  ]);
});

import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { isAlive } from "../local/command-line/cloud-process.ts";
import { REPOSITORY } from "../local/command-line/place.ts";
import { readStack } from "../local/engine/read-stack.ts";
import { StackLock } from "../local/engine/stack-lock.ts";
import { type Ended, finish, freePortBase, runCommand, startCommand } from "./support/command-line.ts";
import { eventually } from "./support/local-platform.ts";

/** The daemon outlives the commands that use it, so they share one state folder. */
let stateDir: string;
let portBase: number;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "command-line-"));
  portBase = await freePortBase();
});

afterAll(async () => {
  await run("down", "--state-dir", stateDir);
  await rm(stateDir, { recursive: true, force: true });
});

const up = (...more: string[]) => ["up", "--state-dir", stateDir, "--port-base", String(portBase), ...more];

describe("npm run", () => {
  test("up says which port is taken, and leaves nothing behind", async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(portBase + 443, "127.0.0.1", resolve));
    const { code, err } = await run(...up());
    await new Promise((resolve) => squatter.close(resolve));

    expect(err).toContain(`Port ${portBase + 443} (edgeHttps) is taken on 127.0.0.1`);
    expect(code).toBe(1);
    expect((await run("status", "--state-dir", stateDir)).code).toBe(5);
  });

  test("up goes on from where a killed one was: nothing is made twice, nothing is left over", async () => {
    const killed = startCommand(up("--no-first-domain"));
    await eventually("some resources to be made", 60, () =>
      (readStack(stateDir, "local")?.resources.length ?? 0) > 20 ? true : undefined,
    );
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("close", resolve));
    const first = await run(...up("--json", "--no-first-domain"));
    expect(first.err + first.out).not.toMatch(/error/i);
    expect(first.code).toBe(0);
    const second = await run(...up("--json", "--no-first-domain"));

    const { changeSummary } = JSON.parse(second.out.trim().split("\n").at(-1) ?? "");
    expect(changeSummary).toEqual({ create: 0, update: 0, delete: 0, same: customResources() });
  }, 180_000);

  test("up --json ends with the summary, the endpoints and the CA file, and status --json agrees", async () => {
    const { code, out } = await run(...up("--json"));
    const { changeSummary, endpoints, caFile } = JSON.parse(out.trim().split("\n").at(-1) ?? "");
    const status = JSON.parse((await run("status", "--json", "--state-dir", stateDir)).out);

    expect(code).toBe(0);
    expect(Object.keys(changeSummary)).toEqual(["create", "update", "delete", "same"]);
    expect(endpoints).toEqual({
      api: `https://api.platform.localhost:${portBase + 444}`,
      edgeHttp: `http://127.0.0.1:${portBase + 80}`,
      edgeHttps: `https://127.0.0.1:${portBase + 443}`,
    });
    expect(status).toMatchObject({ endpoints, caFile, parts: expect.any(Array) });
  }, 90_000);

  test("a second up at the same time is told who holds the stack", async () => {
    const lock = await StackLock.acquire(join(stateDir, "stacks", "local.lock"));
    const { code, out, err } = await run(...up("--no-first-domain", "--json"));
    lock.release();

    expect(err).toContain(`Another update of this stack is running, with pid ${process.pid}`);
    expect(code).toBe(3);
    // The stack that stands is still told of.
    expect(JSON.parse(out).endpoints.api).toBe(`https://api.platform.localhost:${portBase + 444}`);
  }, 60_000);

  test("domains and certificates tell what became of a domain", async () => {
    const at = ["--state-dir", stateDir];
    const added = await run("domains", "add", "Shop.Example.Test.", "--wait", "--json", ...at);
    expect(added.code).toBe(0);
    expect(JSON.parse(added.out)).toEqual({
      domain: "shop.example.test",
      state: "active",
      reason: null,
      orderNumber: 1,
      notAfter: expect.any(String),
      phases: expect.arrayContaining([{ phase: "active", at: expect.any(String) }]),
    });
    expect((await run("domains", "list", ...at)).out).toMatch(/^shop\.example\.test\s+active/m);
    const shown = JSON.parse((await run("certificates", "show", "shop.example.test", "--json", ...at)).out);
    expect(shown.edge.serialNumber).toBe(shown.backup.serial);

    // The domain is active a moment before the issuer's span ends.
    const { spans, names } = await eventually("the last span", 30, async () => {
      const { out } = await run("domains", "trace", "shop.example.test", "--json", ...at);
      const trace = JSON.parse(out) as { spans: unknown[] };
      const text = JSON.stringify(trace.spans);
      return text.includes('"name":"cleaned"') ? { spans: trace.spans, names: text } : undefined;
    });
    for (const hop of [
      ...[
        "(load-balancer)",
        "certs-domain-api",
        "delivery to certs-domain-validator",
        "DNS CAA of",
        "edge GET",
      ],
      ...["certs-token-proxy", "delivery to certs-cert-issuer", "CA POST", "KMS encrypt", "Storage create"],
      ...["Fastly POST /tls/activations", '"name":"active"'],
    ]) {
      expect(names).toContain(hop.replace(/[()]/g, '"'));
    }
    expect(spans).toHaveLength(1);
    // The validator's probe, and the CA.
    expect(names.split('"certs-token-proxy').length).toBeGreaterThan(2);

    const refused = await run("domains", "add", "*.example.test", ...at);
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/wildcard/i) });
    const unknown = await run("domains", "show", "nobody.example.test", ...at);
    expect(unknown).toMatchObject({ code: 1, err: "nobody.example.test is not registered.\n" });
  }, 90_000);

  test("preview starts from what stack export wrote, and finds nothing to do", async () => {
    const file = join(stateDir, "export.json");
    await run("stack", "export", "--state-dir", stateDir, "--file", file);
    const place = ["--state-dir", stateDir, "--port-base", String(portBase)];
    const { code, out } = await run("preview", "--from", file, "--expect-no-changes", ...place);
    expect(out).toMatch(/^\d+ values in .* are encrypted: they are taken to be unchanged/);
    expect(out).toMatch(/^\d+ unchanged \(/m);
    expect(code).toBe(0);
    expect(await readFile(file, "utf8")).not.toContain("fastly-token-of-this-machine");
  }, 60_000);

  test("preview prod needs no state, secret or cloud, and its JSON has the shape of Pulumi's", async () => {
    const { code, out, err } = await run("preview", "prod", "--json", "--expect-no-changes");
    expect(err).toContain(
      "Placeholders stand for secrets that are not to be had here: platform:fastlyApiToken",
    );
    expect(code).toBe(6);
    const digest = JSON.parse(out);
    expect(Object.keys(digest)).toEqual(["config", "steps", "diagnostics", "duration", "changeSummary"]);
    expect(digest.config["platform:fastlyApiToken"]).toBe("[secret]");
    expect(digest.changeSummary).toEqual({ create: digest.steps.length });
    expect(out).not.toContain("placeholder-of");
    const token = digest.steps.find(({ urn }: { urn: string }) => urn.includes("SecretVersion::"));
    expect(token).toMatchObject({
      op: "create",
      provider: "urn:pulumi:prod::platform::pulumi:providers:gcp::default::default",
      newState: { custom: true, inputs: { secretData: "[secret]" } },
      detailedDiff: null,
    });
  }, 60_000);

  test("alerts and jobs tell of the program's policies and of its jobs", async () => {
    const { policies } = JSON.parse((await run("alerts", "list", "--json", "--state-dir", stateDir)).out);
    expect(policies).toHaveLength(2);
    expect(policies).toContainEqual(
      expect.objectContaining({ severity: "ERROR", state: "ok", since: null, notifications: [] }),
    );
    expect(await run("jobs", "run", "nightly", "--state-dir", stateDir)).toMatchObject({
      code: 1,
      err: "There is no job nightly; there is none.\n",
    });
  }, 60_000);

  test("down leaves no process", async () => {
    const { pids } = JSON.parse((await run("status", "--json", "--state-dir", stateDir)).out) as {
      pids: number[];
    };
    expect(pids.length).toBeGreaterThan(3);
    const { code } = await run("down", "--state-dir", stateDir);

    expect(code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  }, 60_000);

  test.each([
    [["up", "--port-base", "eighty"], 2, "It must be a whole number."],
    [["up", "--port-base", "80"], 1, "--port-base must be a whole number from 1024"],
    [["frobnicate"], 2, "unknown command"],
    [["preview", "nowhere"], 1, 'A stack must be one of dev, local, prod; got "nowhere"'],
    [
      ["preview", "prod", "--from", "package.json"],
      4,
      "package.json: The exported state must be of version 3",
    ],
    [["stack", "export", "prod"], 1, "The stack must be local"],
    [["stack", "export"], 1, "There is no local stack yet"],
    [["logs", "--severity", "LOUD"], 2, "--severity must be one of DEFAULT"],
  ])("%j exits with %d and says why", async (args, code, sentence) => {
    const ended = await run(
      ...args,
      ...(args[0] === "frobnicate" ? [] : ["--state-dir", join(stateDir, "none")]),
    );

    expect(ended).toMatchObject({ code, err: expect.stringContaining(sentence) });
  });
});

test("set-up says what to install where there is no Go, before it installs anything", async () => {
  const folder = await mkdtemp(join(tmpdir(), "no-go-"));
  for (const file of ["setup.mjs", "package.json", "package-lock.json"]) {
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
  await symlink(process.execPath, join(folder, "node"));
  const { code, err } = await finish(
    spawn(join(folder, "node"), [join(folder, "setup.mjs"), "up"], { env: { PATH: folder } }),
  );
  await rm(folder, { recursive: true });

  expect(err).toMatch(/^Go is needed to build Pebble, .* Install Go 1\.24 or newer/);
  expect(code).toBe(69);
});

function run(...args: readonly string[]): Promise<Ended> {
  return runCommand(args);
}

function customResources(): number {
  return readStack(stateDir, "local")?.resources.filter(({ custom }) => custom).length ?? 0;
}

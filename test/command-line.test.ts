import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  control,
  findCloud,
  inventoryOf,
  requireCloud,
  stopCloudProcess,
} from "../local/daemon/cloud-process.ts";
import { startCloudProcess } from "../local/daemon/cloud-start.ts";
import { isAlive } from "../local/kernel/process-life.ts";
import { checkpointFile, readCheckpoint } from "../local/pulumi/checkpoint.ts";
import { lockFile } from "../local/pulumi/update.ts";
import { UpdateLock } from "../local/pulumi/update-lock.ts";
import { backendOf } from "../local/pulumi/workspace.ts";
import { type Ended, finish, runCommand, startCommand } from "./support/command-line.ts";
import { CopiedProgram } from "./support/copied-program.ts";
import { eventually } from "./support/local-platform.ts";
import { ReservedPorts } from "./support/reserved-ports.ts";

/** At the start of a workload, in a way that the compiler does not see through. */
const THROW = ' if (Date.now() > 0) throw new Error("the page has no template");';
const POLICY = "gcp:monitoring/alertPolicy:AlertPolicy";

/** The daemon outlives the commands that use it, so they share one state folder. */
let stateDir: string;
let ports: ReservedPorts;
let portBase: number;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "command-line-"));
  ports = await ReservedPorts.take();
  portBase = ports.base;
});

afterAll(async () => {
  await run("down", "--state-dir", stateDir);
  await ports[Symbol.asyncDispose]();
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

  test("up goes on from where a killed one was, whoever reads on: nothing is made twice, nothing is left over", async () => {
    const killed = startCommand(up("--no-first-domain"));
    await eventually("some resources to be made", 180, () =>
      (readCheckpoint(stateDir, "local")?.resources.length ?? 0) > 20 ? true : undefined,
    );
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("close", resolve));
    const first = startCommand(up("--no-first-domain"));
    first.stdout?.once("data", () => first.stdout?.destroy());
    const { code, err } = await finish(first);
    expect(err).toBe("");
    expect(code).toBe(0);
    // The ports are those of the cloud that runs, wherever they are.
    const second = await run("up", "--json", "--no-first-domain", "--state-dir", stateDir);

    const { changeSummary, changes } = JSON.parse(second.out.trim().split("\n").at(-1) ?? "");
    // The stack itself counts too.
    expect(changeSummary).toEqual({ same: resourcesInState().length + 1 });
    expect(changes).toEqual([]);
    expect(await resourcesInCloud()).toEqual(
      resourcesInState()
        .flatMap(({ custom, id }) => (custom ? [id] : []))
        .sort(),
    );
  }, 480_000);

  test("up --json ends with the summary, the endpoints and the CA file, and status --json agrees", async () => {
    const { code, out } = await run(...up("--json"));
    const { changeSummary, endpoints, caFile } = JSON.parse(out.trim().split("\n").at(-1) ?? "");
    const status = JSON.parse((await run("status", "--json", "--state-dir", stateDir)).out);

    expect(code).toBe(0);
    expect(Object.keys(changeSummary)).toEqual(["same"]);
    expect(endpoints).toEqual({
      api: `https://api.platform.localhost:${portBase + 444}`,
      edgeHttp: `http://127.0.0.1:${portBase + 80}`,
      edgeHttps: `https://127.0.0.1:${portBase + 443}`,
    });
    expect(status).toMatchObject({ endpoints, caFile, parts: expect.any(Array) });
    expect(Object.keys(status.workloads)).toContain("certs-domain-api");
    expect(status.outputs).toMatchObject({ apiUrl: "https://api.platform.localhost" });
    const shown = await run("status", "--state-dir", stateDir);
    for (const url of [...Object.values<string>(status.workloads), status.outputs.apiUrl]) {
      expect(shown.out).toContain(url);
    }
  });

  test("a second up at the same time is told who holds the stack", async () => {
    const lock = await UpdateLock.acquire(lockFile(stateDir));
    const { code, err } = await run(...up("--no-first-domain"));
    lock.release();

    expect(err).toContain(`Another update of this stack is running, with pid ${process.pid}`);
    expect(code).toBe(3);
  });

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
    const shown = JSON.parse((await run("certificates", "show", "Shop.Example.Test.", "--json", ...at)).out);
    expect(shown.edge.serialNumber).toBe(shown.backup.serial);
    const restored = await run("certificates", "restore", "Shop.Example.Test.", "--json", ...at);
    expect(JSON.parse(restored.out)).toMatchObject({
      domain: "shop.example.test",
      serialNumber: shown.backup.serial,
    });

    // The domain is active a moment before the issuer's span ends.
    const { spans, names } = await eventually("the last span", 30, async () => {
      const { out } = await run("domains", "trace", "Shop.Example.Test.", "--json", ...at);
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

    for (const verb of ["add", "show"]) {
      const refused = await run("domains", verb, "*.example.test", ...at);
      expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/^[^{}]*wildcard[^{}]*\n$/) });
    }
    const unknown = await run("domains", "show", "nobody.example.test", ...at);
    expect(unknown).toMatchObject({ code: 1, err: "nobody.example.test is not registered.\n" });
  });

  test("Pulumi's own CLI works on the stack: its export has no secret in clear, and a preview that starts from it finds nothing to do", async () => {
    const exported = await run("pulumi", "--state-dir", stateDir, "stack", "export");
    expect(exported.code).toBe(0);
    expect(JSON.parse(exported.out).deployment.manifest.version).toMatch(/^v3\./);
    expect(exported.out).not.toContain("fastly-token-of-this-machine");
    const file = join(stateDir, "export.json");
    await writeFile(file, exported.out);
    const place = ["--state-dir", stateDir, "--port-base", String(portBase)];
    const { code, out } = await run("preview", "--from", file, "--expect-no-changes", ...place);
    expect(out).toMatch(/^\d+ values in .* are encrypted: they are taken to be unchanged/);
    expect(out).toMatch(/^ +\d+ unchanged$/m);
    expect(code).toBe(0);
    const refreshed = await run("pulumi", "--state-dir", stateDir, "refresh", "--yes", "--skip-preview");
    expect(refreshed).toMatchObject({ code: 0, out: expect.stringMatching(/^ +\d+ unchanged$/m) });
  });

  test("preview prod needs no state, secret or cloud, and its JSON has the shape of Pulumi's", async () => {
    const { code, out, err } = await run("preview", "prod", "--json", "--expect-no-changes");
    expect(err).toContain(
      "Placeholders stand for secrets that are not to be had here: platform:fastlyApiToken",
    );
    expect(code).toBe(6);
    const digest = JSON.parse(out);
    expect(Object.keys(digest)).toEqual(
      expect.arrayContaining(["config", "steps", "duration", "changeSummary"]),
    );
    expect(digest.config["platform:fastlyApiToken"]).toBe("[secret]");
    expect(digest.changeSummary).toEqual({ create: digest.steps.length });
    expect(out).not.toContain("placeholder-of");
    const token = digest.steps.find(({ urn }: { urn: string }) => urn.includes("SecretVersion::"));
    expect(token).toMatchObject({
      op: "create",
      newState: { custom: true, inputs: { secretData: "[secret]" } },
      detailedDiff: null,
    });
  });

  test("deadletters asks every stage, and has nothing of what went well", async () => {
    const listed = await run("deadletters", "list", "--json", "--state-dir", stateDir);
    expect({ ...listed, out: JSON.parse(listed.out) }).toMatchObject({ code: 0, out: { deadLetters: [] } });
    expect(await run("deadletters", "drop", "issuing/1", "--state-dir", stateDir)).toMatchObject({
      code: 1,
      err: "There is no dead letter issuing/1; npm run deadletters -- list shows those that there are.\n",
    });
  });

  test("alerts and jobs tell of the program's policies and of its jobs", async () => {
    const { policies } = JSON.parse((await run("alerts", "list", "--json", "--state-dir", stateDir)).out);
    const made = readCheckpoint(stateDir, "local")?.resources.filter(({ type }) => type === POLICY) ?? [];
    expect(made.length).toBeGreaterThan(0);
    expect(policies.map(({ displayName }: { displayName: string }) => displayName).sort()).toEqual(
      made.map(({ inputs }) => inputs?.displayName).sort(),
    );
    expect(policies).toContainEqual(
      expect.objectContaining({ severity: "ERROR", state: "ok", since: null, notifications: [] }),
    );
    expect(await run("jobs", "run", "nightly", "--state-dir", stateDir)).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /^There is no job nightly; .*\bcerts-alert-notifier-\w+.*\bcerts-domain-watcher-\w+/,
      ),
    });
  });

  test("a state that can't be read is told in a sentence by whatever needs it", async () => {
    const file = checkpointFile(backendOf(stateDir), "local");
    const state = await readFile(file, "utf8");
    await writeFile(file, state.slice(0, state.length / 2));
    for (const args of [["status"], ["domains", "list"], ["preview"], ["up", "--json"]]) {
      const { code, err } = await run(...args, "--state-dir", stateDir);
      expect([args, code, err]).toEqual([args, 4, expect.stringMatching(/^[^\n]*is damaged[^\n]*\n$/)]);
    }
    await writeFile(file, state);
  });

  test("a cloud that is stopping is seen to be, and waited for by who stops it too and by who starts the next one", async () => {
    const { pids, parts } = await requireCloud(stateDir);
    // A CA that does not end at once holds the stop up.
    for (const held of parts.find(({ name }) => name === "acme")?.pids ?? []) process.kill(held, "SIGSTOP");
    await control(portBase, "POST", "/stop");
    const stopping = await eventually("the cloud to be stopping", 30, async () => {
      const found = await findCloud(stateDir);
      return found?.stopping ? found : undefined;
    });
    await expect(requireCloud(stateDir)).rejects.toThrow("is stopping");
    const next = startCloudProcess(stateDir, portBase);
    await stopCloudProcess(stopping);

    expect(pids.filter(isAlive)).toEqual([]);
    expect(pids).not.toContain((await next).pid);
  });

  test("the cloud that follows one listens where that did, and so does the one of a preview", async () => {
    await stopCloudProcess(await requireCloud(stateDir));
    expect(await run("preview", "--expect-no-changes", "--state-dir", stateDir)).toMatchObject({ code: 0 });
    await using broken = await CopiedProgram.make();
    const begin = "workload(() => {";
    await broken.edit("runtime/workloads/hosting/main.ts", begin, `${begin}${THROW}`);
    const { code, err } = await run("up", "-C", broken.folder, "--state-dir", stateDir);

    expect((await requireCloud(stateDir)).ports.control).toBe(portBase);
    // A workload that does not start is told by its own last error.
    expect(err).toMatch(
      /^error: components\/\S+:\d+: Resource "certs-hosting" [^\n{}]*: the page has no template \(npm run logs -- certs-hosting shows all that it said\)\nMend that [^\n]*\n$/,
    );
    expect(code).toBe(1);
    expect((await run("logs", "certs-hosting", "--state-dir", stateDir)).out).toContain("no template");
  });

  test("down leaves no process, and with --purge no state, whatever became of it", async () => {
    const { pids } = await requireCloud(stateDir);
    expect(pids.length).toBeGreaterThanOrEqual(3);
    const { code } = await run("down", "--state-dir", stateDir);

    expect(code).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    for (const damaged of ["", '{"pid":', "{}"]) {
      await writeFile(join(stateDir, "cloud", "daemon.json"), damaged);
      await expect(findCloud(stateDir)).resolves.toBeUndefined();
    }
    expect((await run("down", "--purge", "--state-dir", stateDir)).code).toBe(0);
    expect(await readdir(stateDir)).toEqual(["export.json"]);
  });
});

function run(...args: readonly string[]): Promise<Ended> {
  return runCommand(args);
}

function resourcesInState() {
  return readCheckpoint(stateDir, "local")?.resources ?? [];
}

async function resourcesInCloud(): Promise<readonly string[]> {
  return (await inventoryOf(await requireCloud(stateDir))).map(({ id }) => id).sort();
}

import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { inventoryOf } from "../local/daemon/cloud-process.ts";
import { keyFile } from "../local/pulumi/workspace.ts";
import { type Ended, finish, startCommand } from "./support/command-line.ts";
import { DaemonPlatform } from "./support/daemon-platform.ts";
import { eventually } from "./support/local-platform.ts";
import { bothSides, editState, stateFile } from "./support/stack-and-cloud.ts";

const PROGRAM = join(import.meta.dirname, "fixtures", "update-program");
const LONG_MS = 180_000;

/** The tests share it, and each leaves a stack on which the next one's `up` goes on. */
let platform: DaemonPlatform;

beforeAll(async () => {
  platform = await DaemonPlatform.make();
  await expectConvergence();
}, LONG_MS);

afterAll(() => platform[Symbol.asyncDispose]());

test(
  "an up goes on from whatever was under way when the CLI was killed: nothing twice, nothing left over",
  async () => {
    editState(platform, (state) => {
      const find = (name: string) => state.resources.find(({ urn }) => urn.endsWith(name));
      const begun = { ...find("Bucket::files-0"), id: "", outputs: {} };
      // Made, and the CLI died before it wrote so; of the last two the cloud died too, and nobody ever wrote of them.
      const untold = ["Bucket::files-0", "Subscription::orders-0", "SecretVersion::token"];
      state.resources = state.resources.filter(({ urn }) => !untold.some((name) => urn.endsWith(name)));
      state.pending_operations = [
        { type: "creating", resource: begun },
        { type: "updating", resource: find("Bucket::files-1") },
        { type: "deleting", resource: find("Subscription::orders-1") },
      ];
    });

    expect(await expectConvergence()).toEqual([]);
  },
  LONG_MS,
);

test(
  "an up goes on from where the CLI was killed at its first resource",
  async () => {
    editState(platform, (state) => {
      state.resources = state.resources.filter(({ type }) => type.startsWith("pulumi:"));
    });

    expect(await expectConvergence()).toEqual([]);
  },
  LONG_MS,
);

test(
  "a cloud that is killed under an up is told in one sentence, and the next up goes on",
  async () => {
    const { pid } = await platform.status();
    const { code, err } = await duringUp("renamed", async () => {
      process.kill(pid, "SIGKILL");
    });
    // Before it stands what is to be replaced; after it nothing.
    expect(err).toMatch(
      /(^|\n)The local cloud \(process \d+\) ended during the update; [^\n]*goes on[^\n]*\n$/,
    );
    expect(code).toBe(5);

    await expectConvergence("renamed");
  },
  LONG_MS,
);

test(
  "a state that is cut short or lost is had again as the sentence says",
  async () => {
    const before = `${stateFile(platform)}.bak`;
    truncateSync(stateFile(platform), 1_000);
    const cut = await up();
    expect(cut).toMatchObject({
      code: 4,
      err: expect.stringContaining(`is damaged: put the one before it in its place, ${before}`),
    });
    renameSync(stateFile(platform), `${stateFile(platform)}.cut`);
    const lost = await up();
    expect(lost).toMatchObject({
      code: 4,
      err: expect.stringContaining(`knows of none: put the one before it in its place, ${before}`),
    });

    copyFileSync(before, stateFile(platform));
    expect((await pulumi("refresh", "--yes", "--skip-preview")).code).toBe(0);
    expect(await expectConvergence("renamed")).toEqual([]);
  },
  LONG_MS,
);

test(
  "a key that is gone, or another, is told in a sentence, and nothing is encrypted with a new one",
  async () => {
    const key = readFileSync(keyFile(platform.stateDir));
    rmSync(keyFile(platform.stateDir));
    const sentence = (what: string) =>
      `The key ${keyFile(platform.stateDir)}, with which the secrets in the stack's state are encrypted, ${what}: bring it back, or start over with npm run down -- --purge.\n`;
    expect(await up()).toMatchObject({ code: 4, err: sentence("is gone") });
    writeFileSync(keyFile(platform.stateDir), "another\n");
    for (const command of ["up", "preview"]) {
      const { code, err } = await platform.run(command, "--cwd", PROGRAM);
      expect({ code, err }).toEqual({ code: 4, err: sentence("is another one") });
    }

    writeFileSync(keyFile(platform.stateDir), key);
    expect(await expectConvergence("renamed")).toEqual([]);
  },
  LONG_MS,
);

test(
  "a cloud that lost its database is told, and made anew once the state was refreshed",
  async () => {
    await platform.run("down");
    for (const suffix of ["", "-wal", "-shm"]) {
      rmSync(join(platform.stateDir, "cloud", `cloud.db${suffix}`), { force: true });
    }
    const { code, err } = await up("renamed");
    expect(err).toMatch(
      /^[^\n]*holds none of them: npm run pulumi -- refresh has the state forget them[^\n]*$/m,
    );
    expect(code).toBe(4);

    expect((await pulumi("refresh", "--yes", "--skip-preview")).code).toBe(0);
    await expectConvergence("renamed");
  },
  LONG_MS,
);

test(
  "destroy leaves nothing of the stack's in the cloud, and an up makes it again",
  async () => {
    expect((await pulumi("destroy", "--yes", "--skip-preview")).code).toBe(0);
    expect(await bothSides(platform)).toEqual({ state: [], cloud: [], pending: [] });

    await expectConvergence();
  },
  LONG_MS,
);

/** What an `up` changed, after which state and cloud agree. */
async function expectConvergence(name?: string): Promise<readonly unknown[]> {
  const { code, out, err } = await up(name);
  expect({ code, err }).toMatchObject({ code: 0 });
  const { state, cloud, pending } = await bothSides(platform);
  expect(state.length).toBeGreaterThan(0);
  expect(cloud).toEqual(state);
  expect(pending).toEqual([]);
  return (JSON.parse(out) as { changes: unknown[] }).changes;
}

function up(name = "shop"): Promise<Ended> {
  return platform.up("--json", "--cwd", PROGRAM, "--config", `update-program:name=${name}`);
}

function pulumi(...args: readonly string[]): Promise<Ended> {
  return finish(startCommand(["pulumi", "--state-dir", platform.stateDir, ...args]));
}

/** Does something in the midst of an `up` that replaces things: as soon as the first of its own are made. */
async function duringUp(name: string, act: () => Promise<void>): Promise<Ended> {
  const cloud = await platform.status();
  const ended = up(name);
  await eventually("a replacement", 60, async () =>
    (await inventoryOf(cloud)).find(({ id }) => id.includes(`/${name}-`)),
  );
  await act();
  return ended;
}

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { DaemonPlatform } from "./support/daemon-platform.ts";
import { eventually, withPatience } from "./support/local-platform.ts";
import { ShiftedClock } from "./support/shifted-clock.ts";
import { SmallDisk } from "./support/small-disk.ts";

const HOUR_MS = 3_600_000;
/** An issuer's lease that was lost runs for 20 s, and backoffs come on top. */
/** By a clock that was set back, budgets fill from empty: what waits for them goes on in one of the watcher's next minutes. */
const CLOCK_RECOVERY_SECONDS = 240;
const RECOVERY_SECONDS = 120;
/** Room for bundles, database and compiled code, twice. */
const DISK_MEGABYTES = 120;
const MOST_ADDED = 20;

const onLinux = process.platform === "linux" ? test : test.skip;

onLinux(
  "a full disk is told in a sentence, and costs nothing once there is room again",
  async () => {
    using disk = await SmallDisk.make(DISK_MEGABYTES);
    await using platform = await DaemonPlatform.make(disk, join(disk.folder, "state"));
    const full = `The disk of the state folder ${platform.stateDir} is full: free some space and try again; nothing is lost.`;
    await platform.mustUp();
    const names = ["one", "two", "three", "four", "five"].map((name) => `${name}.full.test`);
    for (const name of names) await platform.add(name);

    disk.fill();
    // The database has a little room of its own.
    for (let at = 0, refused = false; !refused; at += 1) {
      expect(at).toBeLessThan(MOST_ADDED);
      const { code, err } = await platform.run("domains", "add", `more-${at}.full.test`);
      refused = code !== 0;
      if (refused) expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(full) });
      else names.push(`more-${at}.full.test`);
    }
    expect(await platform.up("--config", "platformName=Full")).toMatchObject({ code: 4, err: `${full}\n` });

    disk.free();
    await platform.mustUp("--config", "platformName=Full");
    await platform.add("after.full.test");
    const settled = await platform.settled([...names, "after.full.test"], RECOVERY_SECONDS);
    expect(settled.map(({ state, orderNumber }) => [state, orderNumber])).toEqual(
      [...names, "after"].map(() => ["active", 1]),
    );
  },
  300_000,
);

onLinux(
  "a read-only state folder is told in a sentence, and serves again once it is writable",
  async () => {
    using disk = await SmallDisk.make(DISK_MEGABYTES);
    await using platform = await DaemonPlatform.make(disk, join(disk.folder, "state"));
    await platform.mustUp();
    await platform.add("kept.test");
    await platform.settled(["kept.test"], RECOVERY_SECONDS);
    await platform.run("down");

    disk.makeReadOnly();
    expect(await platform.up()).toMatchObject({
      code: 4,
      err: `The state folder ${platform.stateDir} is on a read-only file system: make it writable and try again; nothing is lost.\n`,
    });

    disk.makeWritable();
    const { out } = await platform.up("--json");
    expect(JSON.parse(out)).toMatchObject({ changes: [] });
    expect(await platform.domains()).toMatchObject([{ domain: "kept.test", state: "active" }]);
  },
  300_000,
);

test("a port that is taken while a killed cloud starts again is told, and no registration is lost over it", async () => {
  await using platform = await DaemonPlatform.make();
  await platform.mustUp();
  const names = ["one", "two", "three", "four", "five"].map((name) => `${name}.taken.test`);
  for (const name of names) await platform.add(name);
  process.kill((await platform.status()).pid, "SIGKILL");

  const port = platform.portBase + 443;
  const squatter = await squat(port);
  expect(await platform.up()).toMatchObject({
    code: 1,
    err: `Port ${port} (edgeHttps) is taken on 127.0.0.1; free it, or move all ports with --port-base.\n`,
  });
  await new Promise((resolve) => squatter.close(resolve));

  await platform.mustUp();
  const settled = await platform.settled(names, RECOVERY_SECONDS);
  // Pebble forgot an order that was just being finalised: then the customer is told so.
  for (const { state, reason } of settled) {
    if (state === "failed") expect(reason).toMatch(/lost the order.*Please try again\.$/);
  }
});

test("a CA that hangs is ended and started again, and the orders that wait for it go on", async () => {
  await using platform = await DaemonPlatform.make();
  await platform.mustUp();
  const pid = Number(readFileSync(join(platform.stateDir, "cloud", "acme", "pebble.pid"), "utf8"));
  process.kill(pid, "SIGSTOP");
  const names = ["one", "two", "three", "four", "five"].map((name) => `${name}.hanging.test`);
  for (const name of names) await platform.add(name);

  const settled = await platform.settled(names, RECOVERY_SECONDS);
  expect(settled.map(({ state, reason, orderNumber }) => ({ state, reason, orderNumber }))).toEqual(
    names.map(() => ({ state: "active", reason: null, orderNumber: 1 })),
  );
  const { out } = await platform.run("logs", "pebble", "--lines", "100000", "--severity", "ERROR");
  expect(out).toContain("Pebble has not answered 3 times in a row; it is ended.");
});

test("a clock that jumps by an hour, forwards and back, holds up no registration and doubles none", async () => {
  using clock = new ShiftedClock();
  await using platform = await DaemonPlatform.make({ env: clock.env });
  await platform.mustUp();
  const names: string[] = [];
  for (const [at, offsetMs] of [0, HOUR_MS, 0, -HOUR_MS, 0].entries()) {
    clock.set(offsetMs);
    const added = ["a", "b", "c"].map((name) => `${name}.jump-${at}.test`);
    // By a clock set back further than a share takes to fill, the share is spent: whoever is told so comes again.
    for (const name of added) {
      await withPatience(`${name} to be registered`, 60, () => platform.add(name).then(() => true));
    }
    names.push(...added);
  }

  const settled = await platform.settled(names, CLOCK_RECOVERY_SECONDS);
  expect(settled.map(({ state, reason, orderNumber }) => ({ state, reason, orderNumber }))).toEqual(
    names.map(() => ({ state: "active", reason: null, orderNumber: 1 })),
  );
  const { out } = await platform.run("logs", "pebble", "--lines", "100000", "--severity", "DEBUG");
  expect(out.match(/Issued certificate serial/g)).toHaveLength(names.length);
});

/** Takes a port as soon as whoever was killed has let go of it. */
function squat(port: number): Promise<Server> {
  return eventually(`port ${port} to be free`, 30, async () => {
    const server = createServer().listen(port, "127.0.0.1");
    return once(server, "listening").then(
      () => server,
      () => undefined,
    );
  });
}

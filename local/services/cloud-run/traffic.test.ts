import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { serving, TestBench, until } from "./testing/bench.ts";

const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
const REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";

let bench: TestBench;
let asked = 0;
/** 0, 0.05 … 0.95 and again: every twenty requests split exactly. */
const random = () => (asked++ % 20) / 20;

beforeAll(async () => {
  bench = await TestBench.open({ stopGraceMs: 1000, random });
});

afterAll(() => bench.close());

const version = (text: string) => serving(`(request, response) => response.end("${text}")`);
const to = (revision: string, percent: number, tag?: string) => ({ type: REVISION, revision, percent, tag });

async function deploy(name: string, text: string, traffics: readonly Record<string, unknown>[] = []) {
  bench.allowInvoker(name, "allUsers");
  return bench.deploy(name, version(text), { template: { revision: `${name}-${text}` }, traffics });
}

async function answers(name: string, count: number): Promise<Record<string, number>> {
  asked = 0;
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i += 10) {
    for (const { body } of await Promise.all(Array.from({ length: 10 }, () => bench.call(name)))) {
      counts[body] = (counts[body] ?? 0) + 1;
    }
  }
  return counts;
}

test("splits traffic by percent, to revisions by name and to the newest, and gives tags a host of their own", async () => {
  await deploy("split", "one");
  await deploy("split", "two", [to("split-one", 75), to("split-two", 25)]);
  expect(await answers("split", 20)).toEqual({ one: 15, two: 5 });

  await deploy("split", "three", [
    to("split-one", 90),
    { type: LATEST, percent: 10 },
    to("split-two", 0, "canary"),
  ]);
  expect(await answers("split", 20)).toEqual({ one: 18, three: 2 });
  expect((await bench.call("split", {}, "canary")).body).toBe("two");
  expect((await bench.call("split", {}, "unknown")).status).toBe(404);
});

test("moves no traffic to a new revision that has no share, but starts it once to see that it can", async () => {
  await deploy("dark", "one");
  await deploy("dark", "two", [to("dark-one", 100)]);
  expect(await answers("dark", 10)).toEqual({ one: 10 });
  await expect(bench.deploy("dark", "process.exit(4)", { traffics: [to("dark-one", 100)] })).rejects.toThrow(
    /Revision "dark-00003-\w+" failed: its instance exited with code 4/,
  );
  expect(await answers("dark", 10)).toEqual({ one: 10 });
});

test("stops the instances of a revision that lost its traffic, and starts them again when it gets it back", async () => {
  const id = await deploy("back", "one");
  const [first] = bench.run.pids(id);
  await deploy("back", "two");
  await until(() => bench.run.pids(id).every((pid) => pid !== first) && bench.run.pids(id).length === 1);
  await deploy("back", "two", [to("back-one", 100)]);
  expect((await bench.call("back")).body).toBe("one");
});

test.each([
  [
    "percents that do not add up",
    [to("named-one", 60), { type: LATEST, percent: 30 }],
    /traffics: the percents must add up to 100/,
  ],
  [
    "a tag twice",
    [{ type: LATEST, percent: 100, tag: "a" }, to("named-one", 0, "a")],
    /no tag may be given twice/,
  ],
  [
    "a revision without its type",
    [{ type: LATEST, revision: "named-one", percent: 100 }],
    /revision must be set with \w+_REVISION, and only then/,
  ],
  [
    "a revision that never was",
    [to("named-nine", 100)],
    /Revision "named-nine" cannot have traffic: there is no such revision/,
  ],
  [
    "a tag that makes a host too long",
    [{ type: LATEST, percent: 100, tag: "t".repeat(50) }],
    /makes the host's label over 63 long/,
  ],
])("refuses %s, and leaves traffic as it is", async (_, traffics, rule) => {
  await deploy("named", "one");
  await expect(deploy("named", "one", traffics)).rejects.toThrow(rule);
  expect((await bench.call("named")).body).toBe("one");
});

test("refuses a revision's name that is not the service's, or that another configuration has", async () => {
  const put = (source: string, revision: string) =>
    bench.deploy("owned", version(source), { template: { revision } });
  await expect(put("one", "other-v1")).rejects.toThrow(/template\.revision must be "owned-" and/);
  await put("one", "owned-v1");
  await put("two", "owned-v2");
  await expect(put("three", "owned-v1")).rejects.toThrow(
    /"owned-v1" is the name of a revision with another configuration already/,
  );
});

test("keeps a warm instance for each revision with traffic, replaces one that dies, and none for the others", async () => {
  bench.allowInvoker("warm", "allUsers");
  const warm = (text: string, traffics: readonly Record<string, unknown>[] = []) =>
    bench.deploy("warm", version(text), {
      template: { revision: `warm-${text}`, scaling: { minInstanceCount: 1 } },
      traffics,
    });
  const id = await warm("one");
  await warm("two", [to("warm-one", 50), to("warm-two", 50)]);
  await until(() => bench.run.pids(id).length === 2);
  const [victim = 0] = bench.run.pids(id);
  process.kill(victim, "SIGKILL");
  await until(() => bench.run.pids(id).length === 2 && !bench.run.pids(id).includes(victim));
  await warm("two");
  await until(() => bench.run.pids(id).length === 1);
});

test("loses no request while revisions change under load", async () => {
  const id = await deploy("busy", "v1");
  const statuses: number[] = [];
  const seen = new Set<string>();
  let isOver = false;
  const client = async () => {
    while (!isOver) {
      const { status, body } = await bench.call("busy");
      statuses.push(status);
      seen.add(body);
    }
  };
  const clients = Array.from({ length: 8 }, client);
  for (const next of ["v2", "v3", "v4"]) {
    await deploy("busy", next);
    await until(() => seen.has(next));
  }
  isOver = true;
  await Promise.all(clients);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect([...seen]).toEqual(["v1", "v2", "v3", "v4"]);
  expect(bench.run.pids(id).length).toBeGreaterThan(0);
});

test("lets requests in flight end when the cloud stops", async () => {
  const other = await TestBench.open();
  other.allowInvoker("last", "allUsers");
  const release = join(other.kernel.stateDir, "release");
  const source = `const server = require("node:http").createServer((request, response) => {
      console.log("in flight");
      const timer = setInterval(() => {
        if (!require("node:fs").existsSync(${JSON.stringify(release)})) return;
        clearInterval(timer);
        response.end("done");
      }, 10);
    }).listen(process.env.PORT);
    process.on("SIGTERM", () => { console.log("told to stop"); server.close(() => process.exit(0)); });`;
  await other.deploy("last", source);
  const answer = other.call("last");
  const said = (text: string) => () => other.logs.some(({ message }) => message === text);
  await until(said("in flight"));
  const closing = other.run.stop();
  await until(said("told to stop"));
  writeFileSync(release, "");
  expect(await answer).toMatchObject({ status: 200, body: "done" });
  await closing;
  await other.kernel.stop();
});

test("ends an instance that will not stop by SIGKILL once its grace is over", async () => {
  bench.allowInvoker("stubborn", "allUsers");
  const stubborn = `process.on("SIGTERM", () => console.log("never"));${version("one")}`;
  const id = await bench.deploy("stubborn", stubborn);
  const [pid = 0] = bench.run.pids(id);
  await bench.deploy("stubborn", version("two"));
  await until(() => bench.logs.some(({ message }) => message === "never"));
  await until(() => !isAlive(pid));
  expect((await bench.call("stubborn")).body).toBe("two");
});

/** Last: it restarts the cloud. */
test("serves by revisions of old after a restart, also when the objects they were made from are gone", async () => {
  await deploy("old", "one");
  await deploy("old", "two", [to("old-one", 50), to("old-two", 50)]);
  bench = await bench.restart({ stopGraceMs: 1000, random });
  await bench.run.ready("projects/p/locations/europe-west1/services/old");
  expect(await answers("old", 20)).toEqual({ one: 10, two: 10 });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

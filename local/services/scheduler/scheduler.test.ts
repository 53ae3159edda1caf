import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { INVOKER, serving, TestBench, until } from "../cloud-run/testing/bench.ts";
import { ManualClock } from "../pubsub/testing/clock.ts";
import { backoffMs, JOB_KIND, triesAgain } from "./job.ts";
import { Scheduler } from "./scheduler.ts";

/** A Wednesday. */
const START = Date.parse("2027-03-03T11:58:00Z");
const JOB = "projects/p/locations/europe-west1/jobs/nightly";
const MINUTE = 60_000;

let bench: TestBench;
let clock: ManualClock;
let scheduler: Scheduler;
let calls: {
  readonly uri: string;
  readonly method?: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}[];
let answer: () => number | Promise<number>;
let published: {
  readonly topic: string;
  readonly text: string;
  readonly attributes?: Record<string, string>;
}[];

beforeAll(async () => {
  bench = await TestBench.open();
});

afterAll(() => bench.close());

beforeEach(async () => {
  clock = new ManualClock(START);
  calls = [];
  published = [];
  answer = () => 200;
  bench.logs.length = 0;
  scheduler = open();
  await scheduler.start();
});

afterEach(async () => {
  await scheduler.stop();
  bench.kernel.resources.remove(JOB_KIND, JOB);
});

function open(): Scheduler {
  return new Scheduler(
    bench.kernel,
    {
      run: {
        async post(uri, { headers, body, method }) {
          calls.push({ uri, headers, body: body.toString(), ...(method && { method }) });
          return { status: await answer(), body: "what it said" };
        },
      },
      pubsub: {
        publish(topic, { data, attributes }) {
          published.push({ topic, text: data.toString(), ...(attributes && { attributes }) });
          return "7";
        },
      },
    },
    { clock },
  );
}

function put(properties: object): void {
  const http = { httpTarget: { uri: "https://w-abc-ew.a.run.app/tick" } };
  bench.kernel.resources.put({
    kind: JOB_KIND,
    id: JOB,
    urn: "urn:job",
    properties: { schedule: "0 12 * * *", ...("pubsubTarget" in properties ? {} : http), ...properties },
  });
}

/** Lets time pass, and what is due at each step happen. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    clock.advance(MINUTE);
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const finished = () =>
  bench.logs
    .filter((entry) => String(entry["@type"]).endsWith("AttemptFinished"))
    .map(({ message }) => message);

test("runs at its time, as Scheduler calls: method, headers, body and an ID token of its account", async () => {
  put({
    httpTarget: {
      uri: "https://w-abc-ew.a.run.app/tick?x=1",
      httpMethod: "PUT",
      headers: { "Content-Type": "text/plain" },
      body: Buffer.from("hello").toString("base64"),
      oidcToken: { serviceAccountEmail: INVOKER },
    },
  });
  await pass(1);
  expect(calls).toEqual([]);
  await pass(1);
  // Its token is signed in another thread.
  await until(() => finished().length === 1);
  expect(calls).toMatchObject([
    {
      uri: "https://w-abc-ew.a.run.app/tick?x=1",
      method: "PUT",
      body: "hello",
      headers: {
        "Content-Type": "text/plain",
        "User-Agent": "Google-Cloud-Scheduler",
        "X-CloudScheduler-JobName": "nightly",
        "X-CloudScheduler-ScheduleTime": "2027-03-03T12:00:00.000Z",
      },
    },
  ]);
  const token = calls[0]?.headers.Authorization?.replace("Bearer ", "") ?? "";
  await expect(
    bench.kernel.tokens.verifyIdToken(token, ["https://w-abc-ew.a.run.app/tick?x=1"]),
  ).resolves.toMatchObject({ email: INVOKER });
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      severity: "INFO",
      logName: "cloudscheduler.googleapis.com/executions",
      jobName: JOB,
      resource: {
        type: "cloud_scheduler_job",
        labels: { project_id: "p", location: "europe-west1", job_id: "nightly" },
      },
    }),
  );
  expect(scheduler.list()).toEqual([
    {
      name: "nightly",
      state: "ENABLED",
      schedule: "0 12 * * *",
      timeZone: "Etc/UTC",
      target: "PUT https://w-abc-ew.a.run.app/tick?x=1",
      nextRun: "2027-03-04T12:00:00.000Z",
      lastAttempt: "2027-03-03T12:00:00.000Z",
      lastOutcome: "200",
    },
  ]);
});

test.each([
  ["0 12 * * *", "Europe/Berlin", "2027-03-04T11:00:00.000Z"],
  // Summer time begins on 28 March.
  ["0 12 28 3 *", "Europe/Berlin", "2027-03-28T10:00:00.000Z"],
  ["*/15 * * * *", "Etc/UTC", "2027-03-03T12:00:00.000Z"],
  ["0 9-17/4 * * MON-FRI", "Etc/UTC", "2027-03-03T13:00:00.000Z"],
  // Either of the two days will do, as crontab has it.
  ["0 0 1 * 5", "Etc/UTC", "2027-03-05T00:00:00.000Z"],
  ["0 0 * * 7", "Etc/UTC", "2027-03-07T00:00:00.000Z"],
])("%s in %s is due next at %s", (schedule, timeZone, nextRun) => {
  put({ schedule, timeZone });
  expect(scheduler.list()[0]?.nextRun).toBe(nextRun);
});

test("publishes to a topic", async () => {
  put({
    pubsubTarget: {
      topicName: "projects/p/topics/t",
      data: Buffer.from("tick").toString("base64"),
      attributes: { a: "b" },
    },
  });
  await pass(2);
  expect(published).toEqual([{ topic: "projects/p/topics/t", text: "tick", attributes: { a: "b" } }]);
  expect(finished()).toEqual(["nightly succeeded: published as message 7"]);
});

describe("a job that fails", () => {
  test("is tried again as often as it says, with backoff, and then waits for its next time", async () => {
    answer = () => 503;
    put({ retryConfig: { retryCount: 2, minBackoffDuration: "60s", maxBackoffDuration: "600s" } });
    await pass(2);
    expect(calls).toHaveLength(1);
    await pass(1);
    expect(calls).toHaveLength(2);
    await pass(1);
    expect(calls).toHaveLength(2);
    await pass(1);
    expect(calls).toHaveLength(3);
    await pass(60);
    expect(calls).toHaveLength(3);
    expect(new Set(finished())).toEqual(new Set(["nightly failed: UNAVAILABLE (HTTP 503): what it said"]));
    expect(bench.logs.at(-1)).toMatchObject({ severity: "ERROR", status: "UNAVAILABLE" });
  });

  test("is not tried again without a retry configuration, nor once it succeeds", async () => {
    answer = () => 500;
    put({});
    await pass(90);
    expect(calls).toHaveLength(1);
    put({ schedule: "0 14 * * *", retryConfig: { retryCount: 5, minBackoffDuration: "60s" } });
    answer = () => (calls.length < 3 ? 500 : 200);
    await pass(60);
    expect(calls).toHaveLength(3);
  });

  test.each([
    [1, 10_000],
    [2, 20_000],
    [3, 40_000],
    [4, 80_000],
    [5, 160_000],
    [6, 240_000],
    [7, 300_000],
  ])("waits after failure %d for %d ms, as Google's example has it", (failures, expected) => {
    const retry = {
      retryCount: 9,
      maxRetryMs: 0,
      minBackoffMs: 10_000,
      maxBackoffMs: 300_000,
      maxDoublings: 3,
    };
    expect(backoffMs(retry, failures)).toBe(expected);
  });

  test("goes on until both its limits are reached", () => {
    const limits = { retryCount: 2, maxRetryMs: 60_000, minBackoffMs: 1, maxBackoffMs: 1, maxDoublings: 0 };
    expect([2, 3].map((failures) => triesAgain(limits, failures, 90_000))).toEqual([true, false]);
    expect(triesAgain(limits, 9, 59_000)).toBe(true);
  });
});

test("does not make up for a time that passed while the cloud was down, and knows its last outcome", async () => {
  put({});
  await pass(2);
  await scheduler.stop();
  clock.advance(25 * 60 * MINUTE);
  scheduler = open();
  await scheduler.start();
  await settle();
  expect(calls).toHaveLength(1);
  expect(scheduler.list()[0]).toMatchObject({
    lastAttempt: "2027-03-03T12:00:00.000Z",
    nextRun: "2027-03-05T12:00:00.000Z",
  });
});

test("is not started again while it runs", async () => {
  let finish: (status: number) => void = () => undefined;
  answer = () => new Promise((resolve) => (finish = resolve));
  put({ schedule: "* * * * *" });
  await pass(3);
  expect(calls).toHaveLength(1);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({ severity: "NOTICE", message: "nightly still runs, and is not started again." }),
  );
  finish(200);
  await settle();
  await pass(1);
  expect(calls).toHaveLength(2);
  finish(200);
});

test("a paused job waits, and still runs when it is told to", async () => {
  put({ paused: true });
  await pass(10);
  expect(calls).toEqual([]);
  expect(scheduler.list()[0]).toMatchObject({ state: "PAUSED", nextRun: null });
  await expect(scheduler.runNow("nightly")).resolves.toEqual({ ok: true, status: 200, detail: "200" });
  await expect(scheduler.runNow("weekly")).resolves.toBeUndefined();
});

describe("on a full disk", () => {
  afterEach(() => bench.kernel.db.exec("DROP TRIGGER IF EXISTS temp.full"));

  function fill(writes: "INSERT" | "DELETE"): void {
    bench.kernel.db.exec(
      `CREATE TEMP TRIGGER full BEFORE ${writes} ON main.scheduler_jobs
       BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
    );
  }

  test("a job runs at each of its times, though what became of it can't be stored", async () => {
    put({ schedule: "* * * * *" });
    fill("INSERT");
    await pass(2);
    expect(calls).toHaveLength(2);
    expect(bench.logs).toContainEqual(
      expect.objectContaining({
        severity: "ERROR",
        message: expect.stringMatching(/^The last attempt of nightly could not be stored: .*disk is full$/),
      }),
    );
    await expect(scheduler.runNow("nightly")).resolves.toMatchObject({ ok: true });
  });

  test("a job whose deletion fails does not run again, and goes when it is deleted again", async () => {
    put({ schedule: "* * * * *" });
    await pass(1);
    fill("DELETE");
    const remove = () => bench.kernel.resources.remove(JOB_KIND, JOB);
    expect(remove).toThrow("database or disk is full");
    bench.kernel.db.exec("DROP TRIGGER temp.full");
    expect(bench.kernel.resources.get(JOB_KIND, JOB)).toBeDefined();
    await pass(2);
    expect(calls).toHaveLength(1);
    remove();
    expect(bench.kernel.resources.get(JOB_KIND, JOB)).toBeUndefined();
    expect(scheduler.list()).toEqual([]);
    expect(bench.kernel.db.prepare("SELECT * FROM scheduler_jobs").all()).toEqual([]);
  });
});

test("reaches Cloud Run as its account: 403 until that may invoke, and says so in the log", async () => {
  const real = new Scheduler(bench.kernel, { run: bench.run, pubsub: { publish: () => "" } }, { clock });
  await bench.deploy("worker", serving("(request, response, body) => response.end(request.method + body)"));
  put({
    httpTarget: {
      uri: `${bench.uri("worker")}/tick`,
      body: Buffer.from("x").toString("base64"),
      oidcToken: { serviceAccountEmail: INVOKER, audience: bench.uri("worker") },
    },
  });
  await real.start();
  const refused = await real.runNow("nightly");
  expect(refused).toMatchObject({ ok: false, status: 403 });
  expect(finished()[0]).toMatch(/^nightly failed: PERMISSION_DENIED \(HTTP 403\): /);
  expect(bench.logs).toContainEqual(
    expect.objectContaining({
      message: expect.stringContaining("does not have the permission run.routes.invoke"),
    }),
  );
  bench.allowInvoker("worker", `serviceAccount:${INVOKER}`);
  await expect(real.runNow("nightly")).resolves.toMatchObject({ ok: true, status: 200 });
  await real.stop();
});

test("reaches nothing but the local cloud", async () => {
  put({ httpTarget: { uri: "https://example.com/hook" } });
  const outcome = await scheduler.runNow("nightly");
  expect(outcome).toMatchObject({ ok: false, status: null });
  expect(outcome?.detail).toContain("nothing of the local cloud answers for example.com");
  await until(() => finished().length === 1);
});

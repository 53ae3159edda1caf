import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { controlHandler, statusOf } from "../daemon/control.ts";
import { routesOf } from "../daemon/routes.ts";
import type { ReceivedNotice } from "../services/alert-receiver/notices.ts";
import { CHANNEL_KIND, POLICY_KIND } from "../services/monitoring/alert-policy.ts";
import { Alerting } from "../services/monitoring/alerting.ts";
import { JOB_KIND } from "../services/scheduler/job.ts";
import { Scheduler } from "../services/scheduler/scheduler.ts";
import { type OwnedKernel, startKernel } from "../services/start-kernel.ts";
import { listAlerts, listNotices } from "./alerts.ts";
import { listJobs, runJob } from "./jobs.ts";
import { status } from "./status.ts";

const CHANNEL = "projects/p/notificationChannels/1";

/** A cloud of nothing but alerts and jobs, with a control port that the commands find. */
let stateDir: string;
let kernel: OwnedKernel;
let alerting: Alerting;
let scheduler: Scheduler;
let answer = 200;
let notices: readonly ReceivedNotice[] = [];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "alerts-and-jobs-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  const run = { pids: () => [], post: async () => ({ status: answer, body: "busy" }) };
  const pubsub = {
    backlog: () => 0,
    backlogs: () => ({}),
    oldestUnacked: () => undefined,
    publish: () => "1",
  };
  alerting = new Alerting(kernel, { run, pubsub });
  scheduler = new Scheduler(kernel, { run, pubsub });
  kernel.control.on(
    "request",
    controlHandler(
      kernel,
      () => statusOf(kernel, [alerting, scheduler]),
      () => undefined,
      routesOf(() => [], alerting, { notices: () => notices }, scheduler, pubsub),
    ),
  );
  await alerting.start();
  await scheduler.start();
  const daemon = { pid: process.pid, port: kernel.ports.control };
  await writeFile(join(stateDir, "cloud", "daemon.json"), JSON.stringify(daemon));
  put(JOB_KIND, "projects/p/locations/l/jobs/nightly-1a2b3c4", {
    schedule: "0 3 * * *",
    httpTarget: { uri: "https://w.a.run.app/" },
  });
  put(CHANNEL_KIND, CHANNEL, { type: "email", labels: { email_address: "ops@acme.test" } });
  put(POLICY_KIND, "projects/p/alertPolicies/1", {
    displayName: "Errors",
    severity: "CRITICAL",
    combiner: "OR",
    conditions: [{ displayName: "An error", conditionMatchedLog: { filter: "severity>=ERROR" } }],
    notificationChannels: [CHANNEL],
  });
});

afterAll(async () => {
  await scheduler.stop();
  await alerting.stop();
  await kernel.stop();
  await rm(stateDir, { recursive: true });
});

afterEach(() => {
  process.exitCode = undefined;
});

function put(kind: string, id: string, properties: Readonly<Record<string, unknown>>): void {
  kernel.resources.put({ kind, id, urn: `urn:${id}`, properties });
}

async function said(command: () => Promise<void>): Promise<string> {
  const write = jest.spyOn(process.stdout, "write").mockImplementation(() => true);
  try {
    await command();
    return write.mock.calls.map(([text]) => String(text)).join("");
  } finally {
    write.mockRestore();
  }
}

test("jobs run finds a job by the name that the program gave it, and its exit code is the outcome", async () => {
  expect(await said(() => runJob("nightly", { stateDir }))).toBe("nightly-1a2b3c4 succeeded: 200\n");
  expect(process.exitCode).toBeUndefined();
  answer = 503;
  const failed = JSON.parse(await said(() => runJob("nightly-1a2b3c4", { stateDir, json: true })));
  expect(failed).toEqual({
    job: "nightly-1a2b3c4",
    ok: false,
    status: 503,
    detail: "UNAVAILABLE (HTTP 503): busy",
  });
  expect(process.exitCode).toBe(1);
  await expect(runJob("night", { stateDir })).rejects.toThrow(
    "There is no job night; there is nightly-1a2b3c4.",
  );
});

test("alerts notices shows what Slack and Sentry were told", async () => {
  expect(await said(() => listNotices({ stateDir }))).toBe("Nobody has been told of anything.\n");
  const at = "2026-11-01T12:00:00.000Z";
  notices = [{ receiver: "slack", at, title: "A certificate expires: a.test", tags: {}, payload: {} }];
  expect(await said(() => listNotices({ stateDir }))).toBe(`${at}  slack  A certificate expires: a.test\n`);
  expect(JSON.parse(await said(() => listNotices({ stateDir, json: true })))).toEqual({ notices });
});

test("jobs list shows schedule, next run and last attempt", async () => {
  expect(await said(() => listJobs({ stateDir }))).toMatch(
    /^nightly-1a2b3c4 {2}ENABLED {2}0 3 \* \* \* \(Etc\/UTC\) {2}\d{4}-\d\d-\d\dT03:00:00\.000Z {2}\S+Z UNAVAILABLE \(HTTP 503\): busy$/m,
  );
});

test("alerts list and status tell of an incident for as long as it is open", async () => {
  const [policy] = JSON.parse(await said(() => listAlerts({ stateDir, json: true }))).policies;
  // The job that failed above logged an error.
  expect(policy).toMatchObject({
    displayName: "Errors",
    severity: "CRITICAL",
    state: "firing",
    conditions: [{ kind: "log", value: null, threshold: null }],
    notifications: [{ event: "opened", type: "email", recipient: "ops@acme.test" }],
  });
  const shown = await said(() => listAlerts({ stateDir }));
  expect(shown).toMatch(/^Errors {2}CRITICAL {2}firing since \S+Z {2}on log entries$/m);
  expect(shown).toContain("opened  email ops@acme.test  [ALERT] Errors: An error: nightly-1a2b3c4 failed");
  expect(await said(() => status({ stateDir }))).toMatch(
    /^open incident +CRITICAL since \S+: Errors: An error/m,
  );
  expect(JSON.parse(await said(() => status({ stateDir, json: true }))).incidents).toHaveLength(1);

  kernel.resources.remove(POLICY_KIND, "projects/p/alertPolicies/1");
  expect(JSON.parse(await said(() => status({ stateDir, json: true }))).incidents).toEqual([]);
  expect(await said(() => listAlerts({ stateDir }))).toBe("There is no alert policy.\n");
});

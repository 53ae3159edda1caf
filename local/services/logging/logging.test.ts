import { mkdtemp, readdir, readFile, rm, stat, symlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { LogEntry } from "../../kernel/contract.ts";
import { ResourceStore } from "../../kernel/resource-store.ts";
import { toLogEntry } from "../cloud-run/log-lines.ts";
import { originOf } from "../cloud-run/log-origin.ts";
import type { ExportedEntry } from "./log-entry.ts";
import { Logging } from "./logging.ts";

const SERVICE = { project: "acme", location: "europe-west1", name: "domain-api" };
const TRACE = "0af7651916cd43dd8448eb211c80319c";

let folder: string;
let resources: ResourceStore;
let logging: Logging;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "logging-"));
  resources = new ResourceStore(new DatabaseSync(":memory:"));
  logging = new Logging(folder, resources);
  resources.put({
    kind: "gcp:cloudrunv2/service:Service",
    id: "projects/acme/locations/europe-west1/services/domain-api",
    urn: "urn:api",
    properties: {},
  });
});

afterEach(async () => {
  await logging.close();
  await rm(folder, { recursive: true });
});

async function written(entry: LogEntry): Promise<ExportedEntry> {
  logging.write(entry);
  await logging.close();
  return JSON.parse(await readFile(join(folder, `${entry.source}.jsonl`), "utf8")) as ExportedEntry;
}

test("keeps an instance's line as Cloud Logging would: special fields in their places, the rest as payload", async () => {
  const line = JSON.stringify({
    severity: "WARNING",
    message: "Message dropped",
    timestamp: "2027-01-31T12:00:00.123Z",
    domain: "a.test",
    "logging.googleapis.com/trace": TRACE,
    "logging.googleapis.com/spanId": "b7ad6b7169203331",
    "logging.googleapis.com/trace_sampled": true,
    "logging.googleapis.com/labels": { tier: "gold" },
    "logging.googleapis.com/sourceLocation": { file: "issue.ts", line: "7" },
    "logging.googleapis.com/operation": { id: "order-1", first: true },
  });
  const entry = await written(toLogEntry(line, originOf(SERVICE, "domain-api-00002-abc", "stdout")));
  expect(entry).toEqual({
    insertId: expect.any(String),
    logName: "projects/acme/logs/run.googleapis.com%2Fstdout",
    resource: {
      type: "cloud_run_revision",
      labels: {
        project_id: "acme",
        location: "europe-west1",
        service_name: "domain-api",
        configuration_name: "domain-api",
        revision_name: "domain-api-00002-abc",
      },
    },
    timestamp: "2027-01-31T12:00:00.123Z",
    receiveTimestamp: expect.any(String),
    severity: "WARNING",
    jsonPayload: { message: "Message dropped", domain: "a.test" },
    labels: { tier: "gold" },
    sourceLocation: { file: "issue.ts", line: "7" },
    operation: { id: "order-1", first: true },
    trace: `projects/acme/traces/${TRACE}`,
    spanId: "b7ad6b7169203331",
    traceSampled: true,
  });
});

test("keeps a line that is no JSON as text, and what the platform says of a service in a log of its own", async () => {
  expect(await written(toLogEntry("it broke", originOf(SERVICE, "r1", "stderr")))).toMatchObject({
    textPayload: "it broke",
    logName: "projects/acme/logs/run.googleapis.com%2Fstderr",
  });
});

test.each([
  ["nests deeper than anybody walks", `{"message":"m","a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
  ["is JSON of half an object", '{"message":"m"'],
])("keeps a line as text that %s", async (_, line) => {
  expect(await written(toLogEntry(line, originOf(SERVICE, "r1", "stdout")))).toMatchObject({
    severity: "INFO",
    textPayload: line,
  });
});

test.each(["[]", "5", '{"toString":1}'])("takes %s for no severity", async (severity) => {
  const line = `{"severity":${severity},"message":"m"}`;
  expect(await written(toLogEntry(line, originOf(SERVICE, "r1", "stdout")))).toMatchObject({
    severity: "INFO",
    textPayload: "m",
  });
});

test("loses an entry that can't be written down, rather than failing its writer", async () => {
  const round: Record<string, unknown> = {};
  round.self = round;
  expect(() => logging.write({ severity: "INFO", message: "m", source: "worker", round })).not.toThrow();
});

test("keeps requests in the log of requests", async () => {
  const httpRequest = { requestMethod: "GET", requestUrl: "https://a/", status: 200, latency: "0.012s" };
  expect(
    await written({
      severity: "INFO",
      message: "GET / 200",
      source: "domain-api",
      trace: TRACE,
      httpRequest,
    }),
  ).toMatchObject({
    logName: "projects/acme/logs/run.googleapis.com%2Frequests",
    httpRequest,
    trace: `projects/acme/traces/${TRACE}`,
  });
});

test("says which subscription an entry of Pub/Sub is about", async () => {
  const subscription = "projects/acme/subscriptions/issuer";
  expect(await written({ severity: "ERROR", message: "no", source: "pubsub", subscription })).toMatchObject({
    logName: "projects/acme/logs/pubsub",
    resource: {
      type: "pubsub_subscription",
      labels: { project_id: "acme", subscription_id: "issuer" },
    },
  });
});

test("gives no two entries the same insertId, and keeps two files a source, each about 16 MiB", async () => {
  const ids = new Set<string>();
  logging.onEntry(({ insertId }) => ids.add(insertId));
  const message = "x".repeat(1024 * 1024);
  for (let count = 0; count < 40; count++) logging.write({ severity: "INFO", message, source: "loud" });
  await logging.close();

  expect(ids.size).toBe(40);
  expect((await readdir(folder)).sort()).toEqual(["loud.jsonl", "loud.jsonl.1"]);
  for (const file of await readdir(folder)) {
    expect((await stat(join(folder, file))).size).toBeLessThan(18 * 1024 * 1024);
  }
});

(process.platform === "linux" ? test : test.skip)(
  "outlives a full disk, and says how many entries it cost once there is room",
  async () => {
    const file = join(folder, "worker.jsonl");
    const say = (message: string) => logging.write({ severity: "INFO", source: "worker", message });
    await symlink("/dev/full", file);
    say("lost");
    // It is open by now; the next file under the name is one with room.
    await unlink(file);
    const deadline = Date.now() + 10_000;
    let told = "";
    while (told === "" && Date.now() < deadline) {
      say("kept");
      await delay(20);
      told = await readFile(join(folder, "logging.jsonl"), "utf8").catch(() => "");
    }
    expect(JSON.parse(told)).toMatchObject({
      severity: "ERROR",
      textPayload: expect.stringMatching(/^Log entries could not be written and are lost: \d+ or more\.$/),
    });
    await logging.close();
    expect(await readFile(file, "utf8")).toContain("kept");
  },
);

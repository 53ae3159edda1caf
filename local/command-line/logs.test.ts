import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { REPOSITORY } from "../kernel/place.ts";
import { ResourceStore } from "../kernel/resource-store.ts";
import { Logging } from "../services/logging/logging.ts";
import { logs } from "./logs.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const UNKNOWN_TRACE = "0".repeat(32);
const LATE_TRACE = "1".repeat(32);

let stateDir: string;
let logging: Logging;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "logs-"));
  logging = new Logging(join(stateDir, "cloud", "logs"), new ResourceStore(new DatabaseSync(":memory:")));
  const at = (minute: number) => `2027-01-31T12:0${minute}:00.000Z`;
  logging.write({
    severity: "INFO",
    message: "GET /v1/domains 403: no token",
    source: "certs-domain-api-1a2b3c4",
    timestamp: at(3),
    trace: TRACE,
    httpRequest: {
      requestMethod: "GET",
      requestUrl: "https://api.test/v1/domains",
      status: 403,
      latency: "0.0124s",
    },
  });
  logging.write({
    severity: "ERROR",
    message: "Handler failed",
    source: "certs-issuer-5d6e7f8",
    timestamp: at(1),
    trace: TRACE,
    domain: "a.test",
    error: { message: "no answer", stack: "…" },
  });
  logging.write({ severity: "DEBUG", message: "quiet", source: "pubsub", timestamp: at(2) });
  await logging.close();
});

afterAll(() => rm(stateDir, { recursive: true }));

async function shown(
  workload?: string,
  options: Partial<Parameters<typeof logs>[1]> = {},
): Promise<readonly string[]> {
  const write = jest.spyOn(process.stdout, "write").mockImplementation(() => true);
  try {
    await logs(workload, { stateDir, severity: "INFO", ...options });
    return write.mock.calls.map(([text]) => String(text).trimEnd());
  } finally {
    write.mockRestore();
  }
}

test("shows all sources in the order of their times, requests in one line with status and latency", async () => {
  expect(await shown()).toEqual([
    '2027-01-31T12:01:00.000Z  ERROR     certs-issuer-5d6e7f8      Handler failed domain=a.test error="no answer"',
    "2027-01-31T12:03:00.000Z  INFO      certs-domain-api-1a2b3c4  403   12 ms GET https://api.test/v1/domains (no token)",
  ]);
});

test.each([
  ["domain-api", {}, ["403"]],
  [undefined, { severity: "error" }, ["Handler failed"]],
  [undefined, { severity: "DEBUG", lines: 2 }, ["quiet", "403"]],
  [undefined, { trace: TRACE }, ["Handler failed", "403"]],
  [undefined, { trace: `projects/local/traces/${TRACE}`, severity: "ERROR" }, ["Handler failed"]],
  [undefined, { since: "2027-01-31T12:02:00Z" }, ["403"]],
])("narrows to %p %j", async (workload, options, expected) => {
  const lines = await shown(workload, options);
  expect(lines).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(lines[index]).toContain(text);
});

test("--json prints LogEntry as Cloud Logging has it", async () => {
  const [line = ""] = await shown("issuer", { json: true });
  expect(JSON.parse(line)).toMatchObject({
    severity: "ERROR",
    trace: `projects/local/traces/${TRACE}`,
    jsonPayload: { message: "Handler failed", domain: "a.test" },
    resource: { type: "global" },
  });
});

test.each([
  [undefined, { severity: "LOUD" }, "--severity must be one of DEFAULT, DEBUG"],
  [undefined, { since: "yesterday" }, "--since must be a time such as"],
  ["hosting", {}, "Nothing was logged by hosting; there is certs-domain-api-1a2b3c4, "],
  [undefined, { trace: UNKNOWN_TRACE }, `No log has an entry of trace ${UNKNOWN_TRACE}.`],
  [
    "domain-api",
    { trace: TRACE, severity: "error" },
    "none that is logged by domain-api and of severity ERROR",
  ],
])("refuses %p %j", async (workload, options, sentence) => {
  await expect(shown(workload, options)).rejects.toThrow(sentence);
});

test("--follow shows what comes, past a change of files, and ends cleanly at ^C", async () => {
  const folder = join(stateDir, "cloud", "logs");
  const loud = new Logging(folder, new ResourceStore(new DatabaseSync(":memory:")));
  const message = (count: number) => `${String(count).padStart(10, "0")}${"x".repeat(1024 * 1024)}`;
  const say = (count: number) => loud.write({ severity: "INFO", message: message(count), source: "loud" });
  // Before anybody follows it: of a workload that has logged nothing there is nothing to follow.
  say(0);
  const follower = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(REPOSITORY, "local", "command-line", "main.ts"),
      ...["logs", "loud", "--follow", "--json", "--lines", "1", "--state-dir", stateDir],
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_OPTIONS: "" } },
  );
  const seen: string[] = [];
  let rest = "";
  follower.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    seen.push(...lines.map((line) => JSON.parse(line).textPayload.slice(0, 10)));
  });
  let code: unknown;
  try {
    await until(() => seen.length === 1, follower);
    // The 17th makes a new file.
    for (let count = 1; count < 20; count++) say(count);
    await until(() => seen.length === 20, follower);
    follower.kill("SIGINT");
    code = await new Promise((resolve) => follower.once("close", resolve));
  } finally {
    follower.kill("SIGKILL");
    await loud.close();
  }

  expect(code).toBe(0);
  // The file that was put aside may still have been written to when the next one began.
  expect(seen.sort()).toEqual(Array.from({ length: 20 }, (_, count) => String(count).padStart(10, "0")));
});

test("--follow waits for a trace that is in no log yet", async () => {
  const write = jest.spyOn(process.stdout, "write").mockImplementation(() => true);
  const late = new Logging(join(stateDir, "cloud", "logs"), new ResourceStore(new DatabaseSync(":memory:")));
  const waited = process.listenerCount("SIGINT");
  const follower = { exitCode: null as number | null };
  const following = logs(undefined, { stateDir, severity: "INFO", trace: LATE_TRACE, follow: true }).finally(
    () => {
      follower.exitCode = 0;
    },
  );
  try {
    // It has looked once when it begins to listen for ^C.
    await until(() => process.listenerCount("SIGINT") > waited, follower);
    late.write({ severity: "INFO", message: "at last", source: "late", trace: LATE_TRACE });
    await until(() => write.mock.calls.some(([text]) => String(text).includes("at last")), follower);
    process.emit("SIGINT");
    await following;
  } finally {
    write.mockRestore();
    await late.close();
  }
});

test("--follow ends in silence when nobody reads any more", async () => {
  const follower = spawn(
    process.execPath,
    [
      "--disable-warning=ExperimentalWarning",
      join(REPOSITORY, "local", "command-line", "main.ts"),
      ...["logs", "domain-api", "--follow", "--state-dir", stateDir],
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } },
  );
  let err = "";
  follower.stderr.on("data", (chunk: Buffer) => {
    err += chunk;
  });
  follower.stdout.once("data", () => follower.stdout.destroy());
  const ended = new Promise((resolve) => follower.once("close", resolve));
  await until(() => follower.stdout.destroyed, follower);
  const more = new Logging(join(stateDir, "cloud", "logs"), new ResourceStore(new DatabaseSync(":memory:")));
  more.write({ severity: "INFO", message: "unread", source: "certs-domain-api-1a2b3c4" });
  await more.close();

  await expect(ended).resolves.toBe(0);
  expect(err).toBe("");
});

async function until(holds: () => boolean, follower: Pick<ChildProcess, "exitCode">): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (follower.exitCode !== null) throw new Error(`The follower ended with ${follower.exitCode}.`);
    if (Date.now() > deadline) throw new Error("Waited 60 s in vain.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

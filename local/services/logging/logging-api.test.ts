import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import type { ExportedEntry } from "./log-entry.ts";
import { LoggingApi } from "./logging-api.ts";

const WRITER = "writer@p.iam.gserviceaccount.com";
const ENTRY = {
  logName: "projects/p/logs/platform-deploy",
  resource: { type: "global", labels: { project_id: "p" } },
  severity: "NOTICE",
  labels: { commit: "0123456" },
  jsonPayload: { message: "somebody deployed 0123456", artefacts: { hosting: "sha256:00" } },
};

const stateDir = mkdtempSync(join(tmpdir(), "logging-api-"));
const written: ExportedEntry[] = [];
let kernel: OwnedKernel;

beforeAll(async () => {
  kernel = await startKernel({ stateDir, portBase: "any" });
  kernel.identities.serveHttp(new LoggingApi(kernel));
  kernel.logging.onEntry((entry) => written.push(entry));
  const properties = { project: "p", role: "roles/logging.logWriter", member: `serviceAccount:${WRITER}` };
  kernel.resources.put({ kind: "gcp:projects/iAMMember:IAMMember", id: "w", urn: "urn:w", properties });
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

async function write(body: object, email = WRITER) {
  const { http } = await kernel.identities.endpoints(email);
  const url = `http://127.0.0.1:${http}/v2/entries:write`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  const from = written.length;
  return { status: response.status, text: await response.text(), from };
}

const ofLog = () => written.filter(({ logName }) => logName === ENTRY.logName);

test("an entry is kept with its log, resource, labels and payload", async () => {
  expect(await write({ entries: [ENTRY] })).toMatchObject({ status: 200, text: "{}" });
  expect(ofLog().at(-1)).toMatchObject(ENTRY);
});

test("what all entries have in common is said once", async () => {
  const { logName, resource, labels, ...entry } = ENTRY;
  expect(
    await write({ logName, resource, labels: { stack: "dev" }, entries: [{ ...entry, labels }] }),
  ).toMatchObject({
    status: 200,
  });
  expect(ofLog().at(-1)).toMatchObject({ ...ENTRY, labels: { stack: "dev", commit: "0123456" } });
});

test("nothing is kept of a request that breaks a rule or comes from somebody without the role", async () => {
  const before = ofLog().length;
  const { logName: _, ...nameless } = ENTRY;
  expect(await write({ entries: [ENTRY, nameless] })).toMatchObject({
    status: 400,
    text: expect.stringContaining("must have a logName"),
  });
  expect(await write({ entries: [{ ...ENTRY, textPayload: "two payloads" }] })).toMatchObject({
    status: 400,
  });
  expect(await write({ entries: [ENTRY] }, "stranger@p.iam.gserviceaccount.com")).toMatchObject({
    status: 403,
    text: expect.stringContaining("logging.logEntries.create"),
  });
  expect(ofLog()).toHaveLength(before);
});

import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf, LocalApi } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { CopiedProgram } from "./support/copied-program.ts";
import { DaemonPlatform } from "./support/daemon-platform.ts";
import { eventually, withPatience } from "./support/local-platform.ts";

const SERVED = "served.example.test";
const DOMAINS = 100;
/** People at the edge, each with one request at a time. */
const VISITORS = 4;
const RECOVERY_SECONDS = 240;
/** Enough to see what went wrong. */
const MOST_FAILURES = 20;
/** One line of each workload that is at work meanwhile. */
const EDITS: readonly (readonly [string, string, string])[] = [
  ["runtime/workloads/hosting/page.ts", "<p>This domain", '<p data-edited="yes">This domain'],
  ["runtime/workloads/certificate-issuer/issue.ts", '"Certificate active"', '"Certificate is active"'],
  ["runtime/workloads/domain-validator/validate-domain.ts", '"Domain refused"', '"Domain is refused"'],
  ["runtime/workloads/domain-api/app.ts", "stands on did not answer", "needs did not answer"],
];

let platform: DaemonPlatform;
let program: CopiedProgram;

beforeAll(async () => {
  platform = await DaemonPlatform.make();
  program = await CopiedProgram.make();
  await platform.mustUp();
  await platform.add(SERVED);
  await platform.settled([SERVED], 60);
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
});

test("an up under way loses no message and no request, of customers or of their visitors", async () => {
  const names = Array.from({ length: DOMAINS }, (_, index) => `moving-${index}.example.test`);
  const api = await LocalApi.open(platform.stateDir);
  const failures: string[] = [];
  const pages = { before: 0, after: 0 };
  let isOver = false;
  const visitors = Array.from({ length: VISITORS }, async () => {
    while (!isOver && failures.length < MOST_FAILURES) {
      const { status, page } = await probeEdge(edgeOf(api.cloud), SERVED).catch((error: Error) => {
        return { status: 0, page: error.message };
      });
      if (status !== 200) failures.push(`${status} ${page}`);
      else pages[page.includes("data-edited") ? "after" : "before"] += 1;
    }
  });

  const registering = Promise.all(names.map((domain) => api.call("POST", "/v1/domains", { domain })));
  for (const edit of EDITS) await program.edit(...edit);
  const { changeSummary } = await platform.update({ programDir: program.folder });
  expect(changeSummary).toEqual({ replace: EDITS.length, update: EDITS.length, same: expect.any(Number) });
  await registering;
  await eventually("the new page", 60, () => (pages.after > 0 ? true : undefined));
  isOver = true;
  await Promise.all(visitors);

  const settled = await platform.settled(names, RECOVERY_SECONDS);
  expect(settled.map(({ state, reason, orderNumber }) => ({ state, reason, orderNumber }))).toEqual(
    names.map(() => ({ state: "active", reason: null, orderNumber: 1 })),
  );
  expect(failures).toEqual([]);
  expect(pages.before).toBeGreaterThan(0);
  // A domain is active a moment before its message is done.
  await withPatience("all messages to be done", RECOVERY_SECONDS, async () =>
    backlog() === 0 ? true : undefined,
  );
  await platform.run("down");
  expect(backlog()).toBe(0);
});

/** Messages that somebody is still owed, dead letters among them: in a copy, since a running cloud lets nobody read its own. */
function backlog(): number {
  const folder = mkdtempSync(join(tmpdir(), "backlog-"));
  try {
    for (const name of ["cloud.db", "cloud.db-wal"]) {
      const file = join(platform.stateDir, "cloud", name);
      if (existsSync(file)) copyFileSync(file, join(folder, name));
    }
    const database = new DatabaseSync(join(folder, "cloud.db"));
    const row = database.prepare("SELECT COUNT(*) AS count FROM pubsub_deliveries").get();
    database.close();
    return Number(row?.count);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runUpdate } from "../engine/engine.ts";
import { GCP } from "../services/google/package.ts";
import { TestSession } from "../services/test-session.ts";

const stateDir = mkdtempSync(join(tmpdir(), "judged-"));
let gcp: TestSession;

beforeAll(async () => {
  gcp = await TestSession.start(GCP, "offline");
});

afterAll(async () => {
  await gcp.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

test("a preview tells what does not go together beside all other mistakes, in the program's order", async () => {
  const { mistakes, told } = await preview(true);
  expect(told).toEqual([
    expect.stringMatching(/^index\.ts:12 Resource "unserved" .*: pubsub\.googleapis\.com has not been used/),
    expect.stringMatching(
      /^index\.ts:19 Resource "backend" .*: timeoutSec must be absent where a backend is/,
    ),
    expect.stringMatching(/^index\.ts:26 Resource "rule" .*: loadBalancingScheme must be that of .*backend-/),
    expect.stringMatching(/^index\.ts:36 Resource "api" .*: must have a name of its own: "shop" is projects/),
    expect.stringMatching(/^index\.ts:37 Resource "bad" .*: ttl must be/),
  ]);
  expect(mistakes).toBe(5);
}, 60_000);

test("a preview of what goes together, and with what is only read, tells nothing", async () => {
  expect(await preview(false)).toMatchObject({ ok: true, told: [], changeSummary: { create: 16 } });
}, 60_000);

async function preview(misfit: boolean) {
  const told: string[] = [];
  const result = await runUpdate({
    kind: "preview",
    project: "misfit-program",
    stack: "test",
    programDir: join(import.meta.dirname, "fixtures", "misfit-program"),
    config: { "gcp:project": "acme", "gcp:region": "europe-west1", "misfit-program:misfit": String(misfit) },
    secretKeys: [],
    stateDir,
    providers: { gcp: gcp.port },
    onEvent(event) {
      if (event.type === "diagnostic") told.push(`${event.at} ${event.message}`);
    },
  });
  return { ...result, told };
}

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runCommand } from "./support/command-line.ts";
import { LocalPlatform } from "./support/local-platform.ts";

const PROGRAM = join(import.meta.dirname, "fixtures", "misfit-program");
/** Two of them the local cloud has limits of its own for. */
const everyMistake = (backend: string, rule: string) =>
  [
    /^error: index\.ts:12: Resource "unserved" .*: pubsub\.googleapis\.com has not been used/,
    new RegExp(`^error: index\\.ts:19: Resource "backend" .*: timeoutSec must be absent${backend}`),
    new RegExp(`^error: index\\.ts:26: Resource "rule" .*: loadBalancingScheme must be ${rule}`),
    /^error: index\.ts:36: Resource "api" .*: must have a name of its own: "shop" is projects/,
    /^error: index\.ts:37: Resource "bad" .*: ttl must be/,
    /^5 mistakes in the program; nothing was changed\.$/,
  ].map((line) => expect.stringMatching(line));

let platform: LocalPlatform;
let empty: string;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  empty = mkdtempSync(join(tmpdir(), "judged-"));
});

afterAll(async () => {
  await platform.stop();
  rmSync(empty, { recursive: true, force: true });
});

test("a preview tells every mistake, of one resource and of the plan as a whole, in the program's order", async () => {
  const { code, out } = await run(["preview", "dev"], true, empty);
  expect(out.trim().split("\n")).toEqual(everyMistake(" where a backend is", "that of .*backend-"));
  expect(code).toBe(1);
});

test("its JSON is Pulumi's digest, with the mistakes among the diagnostics", async () => {
  const { code, out } = await run(["preview", "dev", "--json"], true, empty);
  const { diagnostics, steps } = JSON.parse(out);
  expect(steps.length).toBeGreaterThan(10);
  expect(diagnostics).toHaveLength(5);
  expect(diagnostics[4]).toEqual({
    urn: "urn:pulumi:dev::platform::gcp:dns/recordSet:RecordSet::bad",
    message: expect.stringMatching(/^index\.ts:37: Resource "bad"/),
    severity: "error",
  });
  expect(code).toBe(1);
});

test("an up tells the same, and touches nothing", async () => {
  const { code, err } = await run(["up", "--no-first-domain"], true, platform.stateDir);
  expect(err.trim().split("\n")).toEqual(
    everyMistake(": the local load balancer", "EXTERNAL_MANAGED: the local load balancer"),
  );
  expect(code).toBe(1);
  expect(platform.cloud.kernel.resources.list("gcp:projects/service:Service")).toEqual([]);
});

test("a preview of what goes together, and with what is only read, tells nothing", async () => {
  const { code, out } = await run(["preview", "dev"], false, empty);
  expect(out).toMatch(/\+ 17 to create/);
  expect(code).toBe(0);
});

function run(command: readonly string[], misfit: boolean, stateDir: string) {
  const config = ["--config", `misfit-program:misfit=${misfit}`];
  return runCommand([...command, "--cwd", PROGRAM, ...config, "--state-dir", stateDir]);
}

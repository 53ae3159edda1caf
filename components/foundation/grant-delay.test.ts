import { afterEach, expect, jest, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { FastlyCredentials } from "../certificate-platform/fastly-credentials.ts";
import { FunctionBuilds } from "../serverless/function-builds.ts";
import { synth } from "../testing/synth.ts";
import { grantDelayMs } from "./grant-delay.ts";

const MADE_AT = "2026-01-01T00:00:00.123456Z";
const DELAY_SECONDS = 77;

afterEach(() => {
  jest.restoreAllMocks();
});

function builds() {
  const made = new FunctionBuilds("b", { region: "r", codeBucket: "c", grantDelaySeconds: DELAY_SECONDS });
  return { grants: made.grants, value: pulumi.output(made.repositoryId) };
}

function credentials() {
  const readers = { validator: "serviceAccount:v@p.example", issuer: "serviceAccount:i@p.example" };
  const made = new FastlyCredentials("f", { apiToken: "t", readers, grantDelaySeconds: DELAY_SECONDS });
  return { grants: made.grants, value: pulumi.output(made.reference.version) };
}

test.each([
  ["builds functions", builds, 4],
  ["starts what reads the CDN's token", credentials, 2],
])("%s only once new grants had their time", async (_, make, grantCount) => {
  const { setTimeout: start } = globalThis;
  const waits: { granted: number; known: boolean }[] = [];
  let granted = 0;
  let known = false;
  jest.spyOn(globalThis, "setTimeout").mockImplementation(((run: () => void, delayMs?: number) => {
    if (delayMs !== DELAY_SECONDS * 1000) return start(run, delayMs);
    waits.push({ granted, known });
    return start(run, 0);
  }) as typeof setTimeout);

  let told: Promise<void> | undefined;
  await synth(() => {
    const { grants, value } = make();
    for (const { urn } of grants) {
      urn.apply(() => {
        granted += 1;
      });
    }
    told = new Promise((resolve) => {
      value.apply(() => {
        known = true;
        resolve();
      });
    });
  });
  await told;

  expect(waits).toEqual([{ granted: grantCount, known: false }]);
});

test.each([
  ["made a moment ago", 5, 77_000],
  ["made by a clock that is ahead", -30, 77_000],
  ["made by an update that failed since", 10 * 60, 77_000],
  ["made long ago", 16 * 60, 0],
])("gives the grants of what was %s (%d s) a delay of %d ms", (_, age, delayMs) => {
  expect(grantDelayMs(MADE_AT, DELAY_SECONDS, Date.parse(MADE_AT) + age * 1000)).toBe(delayMs);
});

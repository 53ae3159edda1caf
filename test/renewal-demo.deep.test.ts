import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DaemonPlatform } from "./support/daemon-platform.ts";

let platform: DaemonPlatform;

beforeAll(async () => {
  platform = await DaemonPlatform.make();
  await platform.mustUp();
});

afterAll(() => platform[Symbol.asyncDispose](), 60_000);

test("replaces a certificate under visitors' eyes without one failed request, and tells of a name that moved", async () => {
  const { code, out, err } = await platform.run("demo", "renewal", "--json");

  expect(`${code} ${err}`).toMatch(/^0 /);
  expect(JSON.parse(out.trim().split("\n").at(-1) ?? "")).toEqual({
    renewed: true,
    failedRequests: 0,
    requests: expect.any(Number),
    alerts: ["opened", "over"].map((state) => ({
      domain: expect.stringMatching(/^moved-/),
      problem: "dns-elsewhere",
      state,
    })),
  });
});

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { probeEdge } from "../local/command-line/edge-probe.ts";
import { exchange } from "../local/command-line/exchange.ts";
import { changed, EditedPlatform } from "./support/edited-platform.ts";
import type { LocalPlatform } from "./support/local-platform.ts";

const DOMAIN = "changing.example.test";

/** The program as it is, and then edited: each test leaves the platform as its edit made it. */
let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make();
  platform = edited.platform;
  await platform.settle(DOMAIN, ["active"]);
}, 120_000);

afterAll(() => edited[Symbol.asyncDispose]());

test("makes a byte-identical plan from a copy elsewhere: a bundle depends on its source alone", async () => {
  expect(changed((await platform.update({ kind: "preview" })).steps)).toEqual([]);
});

test("changes one workload alone when one of its lines changes, and serves the new code", async () => {
  await edited.program.edit(
    "runtime/certificates/hosting/page.ts",
    "<p>This domain",
    '<p data-edited="yes">This domain',
  );
  const { steps, changeSummary } = await edited.update();

  expect(changed(steps)).toEqual([
    "delete-replaced certs-hosting-code",
    "replace certs-hosting-code",
    "update certs-hosting",
  ]);
  expect(changeSummary).toMatchObject({ create: 1, update: 1, delete: 1 });
  await expect(probeEdge(platform.cloud.status(), DOMAIN)).resolves.toMatchObject({
    status: 200,
    page: expect.stringContaining('data-edited="yes"'),
  });
});

test("routes by the program's own condition: with another path in it, challenges go another way", async () => {
  const token = "x".repeat(43);
  const statusOf = async (path: string) => {
    const { edgeHttp: port } = platform.cloud.kernel.ports;
    return (await exchange({ port, path, headers: { host: DOMAIN }, deadlineMs: 5_000 })).status;
  };
  await expect(statusOf(`/.well-known/acme-challenge/${token}`)).resolves.toBe(404);
  await expect(statusOf(`/elsewhere/${token}`)).resolves.toBe(301);

  await edited.program.edit(
    "components/certificate-platform/edge-service.ts",
    "well-known/acme-challenge",
    "well-known/elsewhere",
  );
  const { steps } = await edited.update();

  expect(changed(steps)).toEqual(["update certs-edge"]);
  await expect(statusOf(`/.well-known/acme-challenge/${token}`)).resolves.toBe(301);
});

test("holds a second platform beside the first, on the same foundation", async () => {
  const second = `new CertificatePlatform("other", {
  ...config,
  foundation,
  zoneDomain: "other.localhost",
  originHost: "origin.other.localhost",
  apiHost: "api.other.localhost",
  edge: { ...config.edge, host: "edge.other.localhost" },
  fastlyApiToken: new pulumi.Config("platform").requireSecret("fastlyApiToken"),
});`;
  await edited.program.edit("stacks/index.ts", "export const {", `${second}\nexport const {`);
  const { steps } = await edited.update();

  const ofFirst = steps.filter(({ custom, name }) => custom && name.startsWith("certs"));
  const ofSecond = ofFirst.map(({ name }) => `create ${name.replace("certs", "other")}`);
  expect(changed(steps)).toEqual(ofSecond.sort());
  await expect(probeEdge(platform.cloud.status(), DOMAIN)).resolves.toMatchObject({ status: 200 });
});

test("refuses a program with a mistake before anything is changed, and says where it is", async () => {
  await edited.program.edit("stacks/index.ts", 'Platform("certs"', 'Platform("certificates"');

  await expect(edited.update()).rejects.toThrow(
    'CertificatePlatform "certificates": name must have at most 6 characters; got 12.',
  );
  await expect(probeEdge(platform.cloud.status(), DOMAIN)).resolves.toMatchObject({ status: 200 });
});

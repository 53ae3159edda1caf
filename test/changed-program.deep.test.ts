import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { runCommand } from "./support/command-line.ts";
import { EditedPlatform } from "./support/edited-platform.ts";
import type { LocalPlatform } from "./support/local-platform.ts";
import { changed, previewStack } from "./support/update-stack.ts";

const STORES = "components/certificate-platform/data-stores.ts";
const DOMAIN = "changing.example.test";

/** The program as it is, and then edited: each test leaves the platform as its edit made it. */
let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make();
  platform = edited.platform;
  await platform.settle(DOMAIN, ["active"]);
});

afterAll(() => edited[Symbol.asyncDispose]());

test("makes a byte-identical plan from a copy elsewhere: a bundle depends on its source alone", async () => {
  expect(await previewStack(platform.stateDir, {})).toEqual([]);
});

test("changes one workload alone when one of its lines changes, and serves the new code", async () => {
  await edited.program.edit(
    "runtime/workloads/hosting/page.ts",
    "<p>This domain",
    '<p data-edited="yes">This domain',
  );
  const { changes, changeSummary } = await edited.update();

  expect(changed(changes)).toEqual([
    "create-replacement certs-hosting-code",
    "delete-replaced certs-hosting-code",
    "replace certs-hosting-code",
    "update certs-hosting",
  ]);
  expect(changeSummary).toEqual({ replace: 1, update: 1, same: expect.any(Number) });
  await expect(probeEdge(edgeOf(platform.cloud.status()), DOMAIN)).resolves.toMatchObject({
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
  const { changes } = await edited.update();

  expect(changed(changes)).toEqual(["update certs-edge"]);
  await expect(statusOf(`/.well-known/acme-challenge/${token}`)).resolves.toBe(301);
});

test("warns of a store that is to go with its data, and names the alias that keeps it", async () => {
  await edited.program.edit(STORES, "-registry`", "-names`");
  const { code, out } = await runCommand([
    ...["preview", "--cwd", edited.program.folder, "--state-dir", platform.stateDir],
  ]);
  const urn =
    "urn:pulumi:local::platform::platform:certificates:CertificatePlatform$platform:serverless:PrivateBucket$gcp:storage/bucket:Bucket::certs-registry";
  expect(out).toContain(
    `warning: Resource "certs-registry" (gcp:storage/bucket:Bucket) would be deleted: it holds data, which goes with it. If "certs-names" at components/foundation/private-bucket.ts:`,
  );
  expect(out).toContain(`is the same one, moved or renamed, give that aliases: ["${urn}"].`);
  expect(code).toBe(0);
  await edited.program.edit(STORES, "-names`", "-registry`");
});

test("refuses a program with a mistake before anything is changed, and says where it is", async () => {
  await edited.program.edit("stacks/index.ts", 'Platform("certs"', 'Platform("certificates"');

  await expect(edited.update()).rejects.toThrow(
    'CertificatePlatform "certificates": name must have at most 6 characters; got 12.',
  );
  await expect(probeEdge(edgeOf(platform.cloud.status()), DOMAIN)).resolves.toMatchObject({ status: 200 });
});

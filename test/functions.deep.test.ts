import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { readStackConfig } from "../local/command-line/stack-config.ts";
import { REPOSITORY } from "../local/kernel/place.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { EditedPlatform } from "./support/edited-platform.ts";
import type { LocalPlatform } from "./support/local-platform.ts";
import { changed, previewStack } from "./support/update-stack.ts";

const DOMAIN = "functions.example.test";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
const LOCAL = readStackConfig("local", {}, REPOSITORY).values["platform:workloads"] ?? "";
const asFunction = { maxInstances: 2, minInstances: 0, packaging: { kind: "function" } };
/** As in prod. */
const WORKLOADS = { ...JSON.parse(LOCAL), "domain-validator": asFunction, "token-proxy": asFunction };
const config = { "platform:workloads": JSON.stringify(WORKLOADS) };

let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make({ config });
  platform = edited.platform;
});

afterAll(() => edited[Symbol.asyncDispose]());

test("issues and serves a certificate with the validator and the token proxy as functions", async () => {
  expect(
    platform.cloud.kernel.resources
      .list(FUNCTION)
      .map(({ urn }) => urn.replace(/^.*::/, ""))
      .sort(),
  ).toEqual(["certs-domain-validator", "certs-token-proxy"]);
  await expect(platform.settle(DOMAIN)).resolves.toMatchObject({ state: "active" });
  await expect(probeEdge(edgeOf(platform.cloud.status()), DOMAIN)).resolves.toMatchObject({ status: 200 });

  // Each hop's own words, under the name of its service.
  for (const source of ["certs-domain-validator", "certs-token-proxy"]) {
    const name = String(platform.resource(FUNCTION, source).properties.name);
    expect(platform.entries.filter((entry) => entry.source === name)).not.toEqual([]);
  }
});

test("changes nothing while the code is the same, and one function alone when a line of it changes", async () => {
  expect(await previewStack(platform.stateDir, { config })).toEqual([]);

  await edited.program.edit("runtime/workloads/token-proxy/app.ts", "text/plain", "text/x-edited");
  const { changes } = await edited.update({ config });

  expect(changed(changes)).toEqual([
    "create-replacement certs-token-proxy-code",
    "delete-replaced certs-token-proxy-code",
    "replace certs-token-proxy-code",
    "update certs-token-proxy",
  ]);
  const { edgeHttp: port } = platform.cloud.kernel.ports;
  const path = `/.well-known/acme-challenge/${"x".repeat(43)}`;
  const answer = await exchange({ port, path, headers: { host: DOMAIN }, deadlineMs: 5_000 });
  expect(answer.headers["content-type"]).toContain("text/x-edited");
});

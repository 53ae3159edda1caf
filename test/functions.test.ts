import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { probeEdge } from "../local/command-line/edge-probe.ts";
import { exchange } from "../local/command-line/exchange.ts";
import { readStackConfig } from "../local/command-line/stack-config.ts";
import { changed, EditedPlatform } from "./support/edited-platform.ts";
import type { LocalPlatform } from "./support/local-platform.ts";

const DOMAIN = "functions.example.test";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
const LOCAL = readStackConfig("local").values["platform:workloads"] ?? "";
const asFunction = { maxInstances: 2, minInstances: 0, packaging: { kind: "function" } };
/** As in prod. */
const WORKLOADS = { ...JSON.parse(LOCAL), "domain-validator": asFunction, "token-proxy": asFunction };
const config = { "platform:workloads": JSON.stringify(WORKLOADS) };

let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make({ config });
  platform = edited.platform;
}, 120_000);

afterAll(() => edited[Symbol.asyncDispose]());

test("issues and serves a certificate with the validator and the token proxy as functions", async () => {
  expect(
    platform.cloud.kernel.resources
      .list(FUNCTION)
      .map(({ urn }) => urn.replace(/^.*::/, ""))
      .sort(),
  ).toEqual(["certs-domain-validator", "certs-token-proxy"]);
  await expect(platform.settle(DOMAIN)).resolves.toMatchObject({ state: "active" });
  await expect(probeEdge(platform.cloud.status(), DOMAIN)).resolves.toMatchObject({ status: 200 });

  // Each hop's own words, under the name of its service.
  for (const source of ["certs-domain-validator", "certs-token-proxy"]) {
    const name = String(platform.resource(FUNCTION, source).properties.name);
    expect(platform.entries.filter((entry) => entry.source === name)).not.toEqual([]);
  }
});

test("changes nothing while the code is the same, and one function alone when a line of it changes", async () => {
  const same = await platform.update({ kind: "preview", config });
  expect(changed(same.steps)).toEqual([]);

  await edited.program.edit("runtime/certificates/token-proxy/app.ts", "text/plain", "text/x-edited");
  const { steps } = await edited.update({ config });

  expect(changed(steps)).toEqual([
    "delete-replaced certs-token-proxy-code",
    "replace certs-token-proxy-code",
    "update certs-token-proxy",
  ]);
  const { edgeHttp: port } = platform.cloud.kernel.ports;
  const path = `/.well-known/acme-challenge/${"x".repeat(43)}`;
  const answer = await exchange({ port, path, headers: { host: DOMAIN }, deadlineMs: 5_000 });
  expect(answer.headers["content-type"]).toContain("text/x-edited");
});

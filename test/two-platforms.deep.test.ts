import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { nameOf } from "../local/provider/requests.ts";
import { readCheckpoint } from "../local/pulumi/checkpoint.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { EditedPlatform } from "./support/edited-platform.ts";
import type { LocalPlatform } from "./support/local-platform.ts";
import { changed } from "./support/update-stack.ts";

const DOMAIN = "first.example.test";

let edited: EditedPlatform;
let platform: LocalPlatform;

beforeAll(async () => {
  edited = await EditedPlatform.make();
  platform = edited.platform;
  await platform.settle(DOMAIN, ["active"]);
});

afterAll(() => edited[Symbol.asyncDispose]());

test("holds a second platform beside the first, on the same foundation", async () => {
  const second = `new CertificatePlatform("other", {
  ...config,
  foundation,
  zoneDomain: "other.localhost",
  originHost: "origin.other.localhost",
  apiHost: "api.other.localhost",
  edge: { ...config.edge, host: "edge.other.localhost" },
  fastlyApiToken: secrets.requireSecret("fastlyApiToken"),
  originSecret: { current: secrets.requireSecret("originSecret") },
  alertDestinations: {
    slackWebhookUrl: secrets.getSecret("slackWebhookUrl"),
    sentryDsn: secrets.getSecret("sentryDsn"),
  },
});`;
  await edited.program.edit("stacks/index.ts", "export const {", `${second}\nexport const {`);
  const { changes } = await edited.update();

  const ofFirst = (readCheckpoint(platform.stateDir, "local")?.resources ?? [])
    .filter(({ custom }) => custom)
    .map(({ urn }) => nameOf({ urn }))
    .filter((name) => name.startsWith("certs"));
  const ofSecond = ofFirst.map((name) => `create ${name.replace("certs", "other")}`);
  expect(changed(changes)).toEqual(ofSecond.sort());
  await expect(probeEdge(edgeOf(platform.cloud.status()), DOMAIN)).resolves.toMatchObject({ status: 200 });
});

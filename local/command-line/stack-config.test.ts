import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { portsFrom } from "../kernel/claim-ports.ts";
import { readLocalConfig, readStackConfig } from "./stack-config.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stack-config-"));
  writeFileSync(
    join(folder, "Pulumi.prod.yaml"),
    `
encryptionsalt: v1:abc
config:
  gcp:project: p
  short: of the project
  platform:protect: true
  platform:edge: { host: a, keys: [{ secure: v1:xyz }], ranges: [1] }
  gcp:accessToken:
    secure: v1:xyz
`,
  );
  writeFileSync(
    join(folder, "Pulumi.dev.yaml"),
    "config:\n  platform:fastlyApiToken: given\n  platform:originSecret: given\n",
  );
  writeFileSync(
    join(folder, "Pulumi.local.yaml"),
    `
config:
  platform:certificateAuthorities: [{ directoryUrl: https://localhost:28014/dir }]
  platform:sentryDsn: https://key@localhost:28085/1
  platform:apiHost: localhost
`,
  );
  writeFileSync(join(folder, "Pulumi.broken.yaml"), "config: {\n");
});

afterAll(() => rmSync(folder, { recursive: true }));

test("puts placeholders for secrets that are encrypted or not set, marks them secret, and says which", () => {
  expect(readStackConfig("prod", {}, folder)).toEqual({
    values: {
      "gcp:project": "p",
      "platform:short": "of the project",
      "platform:protect": "true",
      "platform:edge": '{"host":"a","keys":["placeholder-of-platform-edge"],"ranges":[1]}',
      "gcp:accessToken": "placeholder-of-gcp-accessToken",
      "platform:fastlyApiToken": "placeholder-of-platform-fastlyApiToken",
      "platform:originSecret": "placeholder-of-platform-originSecret",
    },
    secretKeys: [
      "platform:fastlyApiToken",
      "platform:externalAccountKeys",
      "platform:originSecret",
      "platform:formerOriginSecret",
      "platform:slackWebhookUrl",
      "platform:sentryDsn",
      "platform:edge",
      "gcp:accessToken",
    ],
    placeholders: new Map([
      ["platform:edge", "encrypted"],
      ["gcp:accessToken", "encrypted"],
      ["platform:fastlyApiToken", "not set"],
      ["platform:originSecret", "not set"],
    ]),
  });
});

test("takes what is given by hand in place of a placeholder", () => {
  const { values, placeholders } = readStackConfig("prod", { "gcp:accessToken": "mine" }, folder);
  expect(values["gcp:accessToken"]).toBe("mine");
  expect([...placeholders.keys()]).not.toContain("gcp:accessToken");
  expect(readStackConfig("dev", {}, folder).placeholders.size).toBe(0);
});

test("leads what is on this machine to where the cloud's ports are, and lets what is given by hand be", () => {
  const given = { "platform:apiHost": "localhost:28014" };
  expect(readLocalConfig(given, portsFrom(40_000), folder)).toEqual({
    "platform:certificateAuthorities": '[{"directoryUrl":"https://localhost:40014/dir"}]',
    "platform:sentryDsn": "https://key@localhost:40085/1",
    "platform:apiHost": "localhost:28014",
    "platform:fastlyApiToken": "placeholder-of-platform-fastlyApiToken",
    "platform:originSecret": "placeholder-of-platform-originSecret",
  });
});

test("names the stacks that there are, and a file that can't be read", () => {
  expect(() => readStackConfig("staging", {}, folder)).toThrow(
    'A stack must be one of broken, dev, local, prod; got "staging", and there is no Pulumi.staging.yaml.',
  );
  expect(() => readStackConfig("broken", {}, folder)).toThrow(/Pulumi\.broken\.yaml can't be read/);
});

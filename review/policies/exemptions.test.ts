import { expect, test } from "@jest/globals";
import { type Exemption, InvalidExemptions, parseExemptions, withExemptions } from "./exemptions.ts";
import { POLICIES } from "./policies.ts";
import type { PolicyFinding } from "./policy.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const DAY = new Date("2026-12-01T23:00:00Z");
const graph = { stack: "prod", project: "platform", resources: [] };
const finding: PolicyFinding = {
  id: "bucket-closed-to-the-public",
  severity: "mandatory",
  urn: `urn:pulumi:prod::platform::platform:a:A$${BUCKET}::pages`,
  what: "publicAccessPrevention",
  sentence: "It must not be so; got that.",
  wayOut: "Mend it.",
};
const exemption: Exemption = {
  policy: finding.id,
  resource: `${BUCKET}::pages`,
  what: "publicAccessPrevention",
  stacks: ["dev", "prod"],
  owner: "web@example.com",
  expires: "2026-12-01",
  reason: "It holds public pages and nothing else.",
};

test("a finding is exempt up to the day that its exemption names", () => {
  expect(withExemptions([finding], graph, [exemption], DAY)).toEqual([
    { ...finding, exemption: { owner: "web@example.com", expires: "2026-12-01" } },
  ]);
});

test("past that day it is a finding again, and the exemption is one too", () => {
  const [found, expired] = withExemptions([finding], graph, [exemption], new Date("2026-12-02T00:00:00Z"));
  expect(found).toEqual(finding);
  expect(expired).toMatchObject({
    id: "exemption-expired",
    severity: "mandatory",
    urn: finding.urn,
    sentence: expect.stringContaining("web@example.com) must be renewed: it ended with 2026-12-01."),
  });
});

test.each([
  ["another policy", { policy: "no-machines" }],
  ["another resource", { resource: `${BUCKET}::page` }],
  ["another type", { resource: "gcp:kms/cryptoKey:CryptoKey::pages" }],
  ["the stack as a whole", { resource: undefined }],
  ["something else of it", { what: "labels" }],
  ["nothing in particular of it", { what: undefined }],
])("one that is for %s exempts nothing, and is a finding itself", (_, other) => {
  const [found, unused] = withExemptions([finding], graph, [{ ...exemption, ...other }], DAY);
  expect(found).toEqual(finding);
  expect(unused).toMatchObject({ id: "exemption-unused", severity: "mandatory" });
});

test("one that is for something else says what there is, and each is a finding of its own", () => {
  const others = ["labels", "location"].map((what) => ({ ...exemption, what }));
  const [, ...unused] = withExemptions([finding], graph, others, DAY);
  expect(unused.map(({ what, sentence }) => [what, sentence])).toEqual(
    ["labels", "location"].map((what) => [
      `${finding.id}: ${BUCKET}::pages, ${what}`,
      expect.stringMatching(/must be of use: what breaks the policy there is publicAccessPrevention\.$/),
    ]),
  );
});

test("what is exempt elsewhere is not here, and no finding of this stack", () => {
  expect(withExemptions([finding], graph, [{ ...exemption, stacks: ["dev"] }], DAY)).toEqual([finding]);
});

test.each([
  ["policy: bucket-closed-to-the-public", "policy: no-such", "policy must be one of no-account-keys, "],
  ["owner: web@example.com", "owner: web", "must be the e-mail address"],
  ["expires: 2026-12-01", "expires: never", "must be a date, YYYY-MM-DD"],
  ["reason: It holds public pages and nothing else.", "reason: because", "must say why"],
  ["stacks: [dev]", "stacks: []", "stacks"],
  ["stacks: [dev]", "stacks: [dev", "policy-exemptions.yaml: Flow sequence"],
  ["stacks: [dev]", "stacks: [dev]\n    since: 2026-01-01", "since"],
])("refuses a file with %j as %j", (right, wrong, told) => {
  const text = `exemptions:
  - policy: bucket-closed-to-the-public
    resource: ${BUCKET}::pages
    what: publicAccessPrevention
    stacks: [dev]
    owner: web@example.com
    expires: 2026-12-01
    reason: It holds public pages and nothing else.
`;
  expect(parseExemptions(text, POLICIES)).toEqual([{ ...exemption, stacks: ["dev"] }]);
  const parse = () => parseExemptions(text.replace(right, wrong), POLICIES);
  expect(parse).toThrow(InvalidExemptions);
  expect(parse).toThrow(told.replace("policy must", "must"));
});

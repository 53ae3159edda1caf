import { expect, test } from "@jest/globals";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { judgePolicies } from "./policies.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const KEY = "gcp:kms/cryptoKey:CryptoKey";
const NOW = new Date("2026-11-30T12:00:00Z");

const right = {
  [BUCKET]: { publicAccessPrevention: "enforced", uniformBucketLevelAccess: true },
  [KEY]: { purpose: "ENCRYPT_DECRYPT", rotationPeriod: "7776000s" },
};

test("finds nothing where all policies hold", () => {
  expect(judgePolicies(graphOf(right), NOW)).toEqual([]);
});

test.each([
  [
    "bucket-closed-to-the-public",
    BUCKET,
    { publicAccessPrevention: "inherited" },
    "must be enforced; got inherited.",
  ],
  ["bucket-with-one-access-list", BUCKET, { uniformBucketLevelAccess: false }, "must be true; got false."],
  ["key-rotated-within-90-days", KEY, { rotationPeriod: "7776001s" }, "or less; got 7776001s."],
  ["key-rotated-within-90-days", KEY, { rotationPeriod: undefined }, "or less; got nothing."],
] as const)("%s is broken by %s %j", (id, type, change, sentence) => {
  const graph = graphOf({ ...right, [type]: { ...right[type], ...change } });
  expect(judgePolicies(graph, NOW)).toEqual([
    {
      id,
      severity: "mandatory",
      urn: `urn:pulumi:prod::platform::${type}::one`,
      sentence: expect.stringMatching(new RegExp(`^Resource "one" \\(${type}\\): .*${sentence}$`)),
      wayOut: expect.any(String),
    },
  ]);
});

function graphOf(inputsByType: Readonly<Record<string, Readonly<Record<string, unknown>>>>): ResourceGraph {
  return {
    stack: "prod",
    project: "platform",
    resources: Object.entries(inputsByType).map(([type, inputs]) => ({
      urn: `urn:pulumi:prod::platform::${type}::one`,
      type,
      custom: true,
      inputs,
      outputs: {},
      protect: false,
      retainOnDelete: false,
      dependencies: [],
      propertyDependencies: {},
      positions: [],
    })),
  };
}

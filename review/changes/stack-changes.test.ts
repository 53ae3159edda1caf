import { expect, test } from "@jest/globals";
import { previewOf } from "../testing/preview-of.ts";
import { changesOf } from "./stack-changes.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const env = (value: string) => ({ template: { containers: [{ envs: [{ name: "A", value }] }] } });

// Pulumi's Terraform bridge, which the real Google and Fastly providers are built on, never sets inputDiff.
test.each<[string, object, object, string, number]>([
  ["an input that is another", { forceDestroy: false }, { forceDestroy: true }, "forceDestroy", 1],
  ["an input that is new", {}, { location: "EU" }, "location", 1],
  ["a deep input", env("a"), env("b"), "template.containers[0].envs[0].value", 1],
  [
    "a secret, which looks the same",
    env("[secret]"),
    env("[secret]"),
    "template.containers[0].envs[0].value",
    1,
  ],
  [
    "what is in a secret",
    { template: "[secret]" },
    { template: "[secret]" },
    "template.containers[0].envs[0].value",
    1,
  ],
  ["what only the service knows", {}, {}, "url", 0],
  ["an input that is as it was", { location: "EU" }, { location: "EU" }, "location", 0],
  ["an input beside a secret", env("[secret]"), env("[secret]"), "template.containers[0].envs[0].name", 0],
])("of a bridged provider, %s is a change or noise", (_, before, after, path, changed) => {
  const step = { op: "update", type: BUCKET, name: "it", before, after };
  const detailedDiff = { [path]: { kind: "update", inputDiff: false } };
  const { changes, noise } = changesOf(previewOf([{ ...step, detailedDiff }]));
  expect([changes.length, noise]).toEqual([changed, 1 - changed]);
  expect(changes.flatMap(({ paths }) => Object.keys(paths))).toEqual(changed ? [path] : []);
});

test("what a provider tells no paths of is what its inputs differ in, and what it names beside them", () => {
  const preview = previewOf([
    {
      op: "update",
      type: BUCKET,
      name: "it",
      before: { labels: { a: "1", b: "[secret]" }, key: "[secret]" },
      after: { labels: { a: "2", b: "[secret]" }, key: "[secret]" },
      detailedDiff: {},
    },
  ]);
  const changes = preview.changes.map((step) => ({ ...step, diffReasons: ["labels", "key"] }));
  expect(Object.keys(changesOf({ ...preview, changes }).changes[0]?.paths ?? {})).toEqual([
    "labels.a",
    "key",
  ]);
});

import { expect, test } from "@jest/globals";
import { graphOf } from "../graph/resource-graph.ts";
import { InvalidPreview, readPreview } from "./stack-preview.ts";

const URN = "urn:pulumi:prod::platform::platform:a:A$gcp:storage/bucket:Bucket::a::b";

test("a preview is read with what it leaves out", () => {
  const { stack, project, changes } = readPreview(
    JSON.stringify({
      steps: [
        {
          op: "update",
          urn: URN,
          oldState: { urn: URN, type: "gcp:storage/bucket:Bucket", custom: true, inputs: { location: "EU" } },
          newState: { urn: URN, type: "gcp:storage/bucket:Bucket", custom: true, protect: true },
          detailedDiff: { location: { kind: "delete", inputDiff: true } },
        },
        { op: "delete", urn: `${URN}2`, oldState: { urn: `${URN}2`, type: "gcp:storage/bucket:Bucket" } },
      ],
    }),
  );
  expect([stack, project]).toEqual(["prod", "platform"]);
  expect(changes[0]).toMatchObject({
    before: { inputs: { location: "EU" }, protect: false },
    after: { inputs: {}, protect: true },
    replaceReasons: [],
  });
  expect(graphOf({ stack, project, changes, config: {}, diagnostics: [] }).resources).toHaveLength(1);
});

test.each(["", "{", "[]", "{}", '{"steps":[{"op":1}]}'])("%j is no preview", (text) => {
  expect(() => readPreview(text)).toThrow(InvalidPreview);
});

test("one that failed before its first step is of the stack that its reader says", () => {
  const failed = JSON.stringify({ diagnostics: [{ message: "it broke", severity: "error" }] });
  expect(readPreview(failed, "prod")).toMatchObject({
    stack: "prod",
    changes: [],
    diagnostics: [{ message: "it broke" }],
  });
  expect(readPreview("\n", "prod").diagnostics).toMatchObject([{ severity: "error" }]);
  expect(() => readPreview(failed)).toThrow(InvalidPreview);
  expect(() => readPreview("{}", "prod")).toThrow(InvalidPreview);
});

import { expect, test } from "@jest/globals";
import type { EngineEvent, Step, UpdateResult } from "../engine/events.ts";
import { previewDigest } from "./preview-digest.ts";

const state = { urn: "urn:thing", custom: true, type: "fake:index:Thing" };
const step = (op: Step["op"], more: Partial<Step> = {}): Step => {
  return { op, ...state, name: "thing", parent: "urn:stack", ...more };
};
const result = (steps: readonly Step[]): UpdateResult => ({
  ok: true,
  exitCode: 0,
  changeSummary: { create: 0, update: 0, delete: 0, same: 0 },
  steps,
  mistakes: 0,
  outputs: {},
  recorded: [],
  durationMs: 1_500,
});
const config = { values: { "fake:token": "hush", "fake:place": "moon" }, secretKeys: ["fake:token"] };

const replacing = step("replace", {
  oldState: { ...state, id: "things/1", inputs: { place: { at: "here" }, value: 1 } },
  newState: { ...state, provider: "urn:provider::default", inputs: { place: { at: "there" }, value: 2 } },
  diff: [
    { path: "place.at", kind: "update", replaces: true, old: "here", new: "there" },
    { path: "value", kind: "update", old: 1, new: 2 },
  ],
  detailedDiff: {
    "place.at": { kind: "update-replace", inputDiff: true },
    value: { kind: "update", inputDiff: true },
  },
});
const steps = [
  step("same", { urn: "urn:stack", custom: false, type: "pulumi:pulumi:Stack" }),
  step("create"),
  replacing,
  step("delete-replaced"),
  step("same"),
  step("create", { error: "no luck" }),
];

test("has the shape of Pulumi's: changes and the stack, reasons by property, durations in nanoseconds", () => {
  const events: readonly EngineEvent[] = [
    { type: "step", phase: "done", step: replacing },
    { type: "diagnostic", severity: "error", message: "wrong", urn: "urn:thing", at: "index.ts:1" },
    { type: "log", stream: "stderr", line: "said" },
  ];
  const digest = previewDigest(config, events, result(steps));
  expect(digest).toEqual({
    config: { "fake:token": "[secret]", "fake:place": "moon" },
    steps: [
      { op: "same", urn: "urn:stack", detailedDiff: null },
      { op: "create", urn: "urn:thing", detailedDiff: null },
      {
        op: "replace",
        urn: "urn:thing",
        provider: "urn:provider::default",
        oldState: replacing.oldState,
        newState: replacing.newState,
        diffReasons: ["place", "value"],
        replaceReasons: ["place"],
        detailedDiff: replacing.detailedDiff,
      },
    ],
    diagnostics: [
      { urn: "urn:thing", message: "error: index.ts:1: wrong", severity: "error" },
      { message: "said", severity: "info#err" },
    ],
    duration: 1_500_000_000,
    changeSummary: { same: 2, create: 1, replace: 1 },
  });
});

test("shows what stays the same, and the halves of a replacement, when asked to", () => {
  const options = { showSames: true, showReplacementSteps: true };
  expect(previewDigest(config, [], result(steps), options).steps.map(({ op }) => op)).toEqual([
    "same",
    "create",
    "create-replacement",
    "replace",
    "delete-replaced",
    "same",
  ]);
});

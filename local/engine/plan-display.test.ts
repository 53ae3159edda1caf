import { expect, test } from "@jest/globals";
import type { Step, StepOp } from "./events.ts";
import { renderPlan, renderSummary, wantsColour } from "./plan-display.ts";
import { UNKNOWN } from "./values.ts";

const step = (op: StepOp, name: string, more: Partial<Step> = {}): Step => ({
  op,
  urn: `urn:${name}`,
  type: "fake:index:Thing",
  name,
  parent: "urn:stack",
  custom: true,
  ...more,
});

const steps: readonly Step[] = [
  step("same", "stack", { parent: "", custom: false, type: "pulumi:pulumi:Stack" }),
  step("same", "part", { custom: false, type: "platform:area:Part" }),
  step("create", "new", { parent: "urn:part" }),
  step("same", "untouched", { parent: "urn:part" }),
  step("update", "changed", {
    parent: "urn:part",
    diff: [
      { path: "image", kind: "update", old: "a", new: "[unknown]" },
      { path: "token", kind: "update", old: "[secret]", new: "[secret]" },
      { path: "labels.x", kind: "add", new: { deep: [1] } },
      { path: "text", kind: "delete", old: "y".repeat(200) },
    ],
  }),
  step("replace", "code", {
    diff: [{ path: "name", kind: "update", replaces: true, old: "1", new: "2" }],
  }),
  step("delete-replaced", "code"),
  step("delete-replaced", "left-over"),
  step("delete", "old", { error: "it is not empty" }),
  step("delete", "gone"),
  step("same", "other", { custom: false, type: "platform:area:Part" }),
  step("same", "quiet", { parent: "urn:other" }),
];

test("shows what changes, with its properties, under the components it is part of", () => {
  expect(renderPlan(steps, { colour: false })).toBe(
    `
   stack  pulumi:pulumi:Stack
     part  platform:area:Part
    +  new  fake:index:Thing
    ~  changed  fake:index:Thing
         ~ image: "a" → [unknown]
         ~ token: [secret] → [secret]
         + labels.x: {"deep":[1]}
         - text: "${"y".repeat(79)}…
  +- code  fake:index:Thing
       ~ name: "1" → "2" (replaces)
  -- left-over  fake:index:Thing
  -  old  fake:index:Thing
       failed: it is not empty
  -  gone  fake:index:Thing`.slice(1),
  );
});

test("shows all inputs of what is made or goes, and whole values of what changes, when asked to", () => {
  const state = { urn: "urn:x", custom: true, type: "fake:index:Thing" };
  const whole: readonly Step[] = [
    step("same", "stack", { parent: "", custom: false }),
    step("create", "new", {
      newState: {
        ...state,
        protect: true,
        inputs: { names: ["a", { deep: UNKNOWN }], token: "[secret]", empty: {} },
      },
    }),
    step("update", "changed", {
      oldState: { ...state, id: "things/1" },
      diff: [
        { path: "text", kind: "delete", old: "y".repeat(90) },
        { path: "settings", kind: "update", old: { a: [1, 2], b: 1 }, new: { a: [1, 3], c: { d: true } } },
      ],
    }),
    step("delete", "gone", { oldState: { ...state, id: "things/2", inputs: { value: 1 } } }),
    step("same", "untouched", { newState: { ...state, inputs: { value: 1 } } }),
  ];
  expect(renderPlan(whole, { colour: false, whole: true, sames: true })).toBe(
    `
   stack  fake:index:Thing
  +  new  fake:index:Thing
       [protected]
       names:
         [0]: "a"
         [1]:
           deep: [unknown]
       token: [secret]
       empty: {}
  ~  changed  fake:index:Thing
       [id=things/1]
       - text: "${"y".repeat(90)}"
       ~ settings:
         ~ a[1]: 2 → 3
         - b: 1
         + c:
           d: true
  -  gone  fake:index:Thing
       [id=things/2]
       value: 1
     untouched  fake:index:Thing`.slice(1),
  );
});

test("sums up what a provider does, a replacement once, in the tense of the update", () => {
  const plain = { colour: false };
  expect(renderSummary({ steps, mistakes: 0 }, "preview", plain)).toBe(
    "+ 1 to create, ~ 1 to update, +- 1 to replace, -- 1 replaced before, to delete, - 1 to delete, 2 unchanged, 1 failed",
  );
  expect(renderSummary({ steps, mistakes: 0 }, "up", plain)).toBe(
    "+ 1 created, ~ 1 updated, +- 1 replaced, -- 1 replaced before, deleted, - 1 deleted, 2 unchanged, 1 failed",
  );
  expect(renderSummary({ steps: steps.slice(0, 3), mistakes: 2 }, "preview", plain)).toBe(
    "+ 1 to create, 2 mistakes to mend",
  );
  expect(renderSummary({ steps: [], mistakes: 0 }, "destroy", plain)).toBe("nothing to do");
});

test("colours on a terminal alone, and not where NO_COLOR says so", () => {
  expect(wantsColour({ isTTY: true }, {})).toBe(true);
  expect(wantsColour({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColour({}, {})).toBe(false);
  expect(renderSummary({ steps, mistakes: 0 }, "up", { colour: true })).toContain(
    "\u001b[32m+ 1 created\u001b[0m",
  );
});

import { expect, test } from "@jest/globals";
import { toHtml } from "../comment/html.ts";
import { toMarkdown } from "../comment/markdown.ts";
import { previewOf } from "../testing/preview-of.ts";
import { reviewOf } from "./review.ts";

const TOPIC = "gcp:pubsub/topic:Topic";
const holdingOf = () => undefined;

test("a breach beside one that stood before is new, though it is of the same resource and policy", () => {
  const policiesOf = ({ resources }: { resources: readonly { urn: string; inputs: object }[] }) =>
    resources.flatMap(({ urn, inputs }) =>
      Object.keys(inputs).map((what) => ({
        id: "secret-by-reference",
        severity: "mandatory" as const,
        urn,
        what,
        sentence: `${what} must refer to a secret.`,
        wayOut: "Refer to one.",
      })),
    );
  const preview = previewOf([
    { op: "same", type: TOPIC, name: "same", before: {}, after: {} },
    {
      op: "update",
      type: TOPIC,
      name: "web",
      before: { A_TOKEN: "a" },
      after: { A_TOKEN: "a", DB_PASSWORD: "b" },
    },
  ]);
  const { policies } = reviewOf([preview], { holdingOf, policiesOf });
  expect(policies.map(({ what, isNew }) => [what, isNew])).toEqual([
    ["DB_PASSWORD", true],
    ["A_TOKEN", false],
  ]);
});

const STACK_ITSELF = { type: "pulumi:pulumi:Stack", name: "platform-prod" };
const CREATED = { op: "create", type: TOPIC, name: "new", after: {} };
const ONLY_CHANGES = /only what changes/;

test.each([
  [
    "what stays the same is shown",
    [CREATED, { op: "same", type: TOPIC, name: "old", before: {}, after: {} }],
  ],
  ["the stack itself stays", [CREATED, { op: "same", ...STACK_ITSELF, before: {}, after: {} }]],
  ["the stack itself is made", [CREATED, { op: "create", ...STACK_ITSELF, after: {} }]],
])("policies are judged where %s", (_, steps) => {
  const policiesOf = () => [
    { id: "a", severity: "advisory" as const, sentence: "It is so.", wayOut: "Mend it." },
  ];
  const { stacks, policies } = reviewOf([previewOf(steps)], { holdingOf, policiesOf });
  expect([stacks[0]?.unjudged, policies.length]).toEqual([undefined, 1]);
});

test.each([
  ["nothing is shown but what is made", [CREATED], [], ONLY_CHANGES],
  [
    "nothing is shown but what changes",
    [{ ...CREATED, op: "update", before: { labels: {} } }],
    [],
    ONLY_CHANGES,
  ],
  ["the preview failed", [CREATED], [{ message: "it broke", severity: "error" }], /does not preview/],
])("none is judged where %s, and every output says so", (_, steps, diagnostics, why) => {
  const reviewed = reviewOf([previewOf(steps, { diagnostics })], { holdingOf, policiesOf: () => [] });
  expect(reviewed.stacks[0]?.unjudged).toMatch(why);
  const subject = { at: "2026-12-01T00:00:00Z" };
  expect(toMarkdown(reviewed, subject)).toMatch(/\*\*Policies not judged\*\* in .*prod.*: /);
  expect(toHtml(reviewed, subject)).toMatch(/<b>Policies not judged<\/b> in <code>prod<\/code>: /);
});

test("one that loses its protection is among what changes, and shows nothing of what stays", () => {
  const { changes, ...rest } = previewOf([{ op: "same", type: TOPIC, name: "old", before: {}, after: {} }]);
  const letGo = changes.map((step) => ({
    ...step,
    ...(step.before && { before: { ...step.before, protect: true } }),
  }));
  const { stacks } = reviewOf([{ ...rest, changes: letGo }], { holdingOf, policiesOf: () => [] });
  expect(stacks[0]?.unjudged).toMatch(ONLY_CHANGES);
});

import { expect, test } from "@jest/globals";
import { changesOf } from "../changes/stack-changes.ts";
import { previewOf, type StepOf } from "../testing/preview-of.ts";
import { costDifference } from "./cost.ts";

const KEY = "gcp:kms/cryptoKey:CryptoKey";
const RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule";
const SERVICE = "gcp:cloudrunv2/service:Service";
const POLICY = "gcp:compute/securityPolicy:SecurityPolicy";

function costOf(steps: readonly StepOf[]) {
  const preview = previewOf(steps);
  const states = (side: "before" | "after") => preview.changes.flatMap((change) => change[side] ?? []);
  return costDifference(changesOf(preview).changes, { before: states("before"), after: states("after") });
}

const made = (type: string, count: number): readonly StepOf[] =>
  Array.from({ length: count }, (_, index) => ({ op: "create", type, name: `n${index}`, after: {} }));

test.each([
  [1, 18.25],
  [5, 18.25],
  [6, 25.55],
])("%d forwarding rules cost $%d: the first five cost as much as one", (count, dollars) => {
  expect(costOf(made(RULE, count)).monthly).toBeCloseTo(dollars);
});

test("what there is already counts, and what goes costs less", () => {
  const there = Array.from(
    { length: 5 },
    (_, index): StepOf => ({ op: "same", type: RULE, name: `s${index}`, before: {}, after: {} }),
  );
  expect(costOf([...there, ...made(RULE, 1)]).monthly).toBeCloseTo(7.3);
  const { lines } = costOf([{ op: "delete", type: KEY, name: "k", before: {} }]);
  expect(lines).toMatchObject([
    { what: "1 encryption key with one version less", monthly: -0.06, besides: expect.any(String) },
  ]);
});

test("an instance that is kept costs by its CPU and memory, and what it works is said to be besides", () => {
  const service = (minInstanceCount: number, memory: string) => ({
    template: {
      containers: [{ resources: { limits: { cpu: "1000m", memory } } }],
      scaling: { minInstanceCount },
    },
  });
  const change = (before: object, after: object) =>
    costOf([{ op: "update", type: SERVICE, name: "web", before, after }]);
  expect(change(service(0, "512Mi"), service(1, "512Mi")).monthly).toBeCloseTo(9.855);
  expect(change(service(2, "512Mi"), service(2, "1Gi"))).toMatchObject({
    monthly: expect.closeTo(6.57),
    lines: [{ what: "instances that are kept, of web", besides: "what it works, a request costs more" }],
    byUse: [expect.stringContaining("workloads")],
  });
  expect(change(service(0, "512Mi"), service(0, "1Gi")).lines).toEqual([]);
});

test("a security policy costs, and each of its rules", () => {
  const { lines, monthly } = costOf([{ op: "create", type: POLICY, name: "p", after: { rules: [{}, {}] } }]);
  expect(monthly).toBeCloseTo(7);
  expect(lines.map(({ what }) => what)).toEqual([
    "1 security policy more",
    "2 rules of security policies more",
  ]);
});

test("every price has a source", () => {
  expect(
    costOf(made(KEY, 1)).lines.every(({ source }) => source.startsWith("https://cloud.google.com/")),
  ).toBe(true);
});

import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { UNKNOWN } from "../preview/stack-preview.ts";
import { changing, type Edit, goldenGraph, inside, urnIn } from "../testing/graph-edits.ts";
import { exemptionsOf, judgePolicies } from "./policies.ts";

const NOW = new Date("2026-12-01T12:00:00Z");
const prod = goldenGraph("prod");
const HOSTING = "gcp:cloudrunv2/service:Service::certs-hosting";
const ISSUER = "gcp:cloudrunv2/service:Service::certs-cert-issuer";

test.each(["prod", "dev", "local"])("%s breaks no policy while nothing of it is made yet", (stack) => {
  const exemptions = exemptionsOf(join(import.meta.dirname, "../.."));
  const found = judgePolicies(withUnknowns(goldenGraph(stack)), NOW, exemptions);
  expect(found.filter(({ exemption }) => !exemption)).toEqual([]);
});

test("nor does one whose inputs are not known at all, but for what it lacks", () => {
  const { resources, ...rest } = prod;
  const unknown = resources.map((each) => {
    const inputs = Object.fromEntries(Object.keys(each.inputs).map((input) => [input, UNKNOWN]));
    return { ...each, inputs };
  });
  expect(judgePolicies({ ...rest, resources: unknown }, NOW, []).map(({ id }) => id)).toEqual([
    "access-audited",
  ]);
});

test("an account that is not known yet is shared where both come from it alone", () => {
  const account = urnIn(prod, "gcp:serviceaccount/account:Account::certs-issuer");
  const runAsIt =
    (label: string): Edit =>
    (graph) =>
      changing(
        label,
        {},
        { template: [account] },
      )(inside(label, "template", { serviceAccount: UNKNOWN })(graph));
  const found = judgePolicies(runAsIt(ISSUER)(runAsIt(HOSTING)(prod)), NOW, []);
  expect(
    found.filter(({ id }) => id === "workload-with-an-account-of-its-own").map(({ sentence }) => sentence),
  ).toEqual([
    expect.stringMatching(/must not be that of Resource "certs-.*" .* too; got account certs-issuer\.$/),
    expect.stringMatching(/must not be that of Resource "certs-.*" .* too; got account certs-issuer\.$/),
  ]);
});

/** As Pulumi's CLI shows a stack's first preview: whatever has a name that a provider makes up. */
function withUnknowns({ resources, ...rest }: ResourceGraph): ResourceGraph {
  const unknown = (value: unknown): unknown => {
    if (typeof value === "string") return value.includes("-0000000") ? UNKNOWN : value;
    if (Array.isArray(value)) return value.map(unknown);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unknown(each)]));
  };
  return {
    ...rest,
    resources: resources.map((each) => ({ ...each, inputs: unknown(each.inputs) as typeof each.inputs })),
  };
}

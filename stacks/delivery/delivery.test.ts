import { readFileSync } from "node:fs";
import { afterEach, expect, jest, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { synth } from "../../components/testing/synth.ts";
import { InvalidConfig } from "../checked-config.ts";
import { parseDeliveryConfig } from "./config.ts";

afterEach(() => {
  jest.restoreAllMocks();
});

function configOf(stack: string): Record<string, string> {
  const text = readFileSync(new URL(`Pulumi.${stack}.yaml`, import.meta.url), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** Each run is a module of its own, which runs when it is imported. */
function programOf(stack: string, values: Readonly<Record<string, string>> = {}): () => Promise<unknown> {
  return () => {
    pulumi.runtime.setAllConfig({ ...configOf(stack), ...values });
    return import(`./index.ts?run=${Math.random()}`);
  };
}

const OWN = {
  "gcp:project": "acme-prod",
  "delivery:repositoryOwnerId": "1001",
  "delivery:repositoryId": "2002",
  "delivery:operators": '{"platform":"group:platform@acme.test"}',
};

/** Stacks in use hold them: give what is moved or renamed an alias, then `npm test -- stacks/delivery --updateSnapshot`. */
test.each(["dev", "prod"])(
  "keeps the identity of every resource of %s, and warns of the example's values",
  async (stack) => {
    const warnings = jest.spyOn(console, "warn").mockReturnValue();
    const resources = await synth(programOf(stack), { stack, isPreview: true });
    expect(resources.map(({ identity }) => identity)).toMatchSnapshot();
    expect(warnings.mock.calls.flat().join("\n")).toContain(
      `Values of your own must stand in Pulumi.${stack}.yaml for gcp:project, delivery:repositoryOwnerId, delivery:repositoryId, delivery:operators, which are still the example's.`,
    );
  },
);

test("trusts no repository of the example in an update, and one's own", async () => {
  await expect(synth(programOf("prod"), { stack: "prod" })).rejects.toThrow("which are still the example's");
  const resources = await synth(programOf("prod", OWN), { stack: "prod" });
  const provider = resources.find(({ type }) => type.startsWith("gcp:iam/workloadIdentityPoolProvider:"));
  expect(provider?.inputs.attributeCondition).toBe(
    'assertion.repository_owner_id == "1001" && assertion.repository_id == "2002" && attribute.access != "none"',
  );
});

test("reports every mistake in one error, each with key, rule and value", () => {
  const values = {
    region: "Mars",
    repositoryOwnerId: "acme",
    repositoryId: "2002",
    branch: 'main" || true',
    operators: '{"platform":"somebody"}',
    ref: "x",
  };
  try {
    parseDeliveryConfig({ "gcp:project": "acme-prod", ...values });
    throw new Error("It was taken.");
  } catch (error) {
    expect((error as InvalidConfig).mistakes).toEqual([
      'delivery:region: must be a Google Cloud region such as europe-west1; got "Mars".',
      'delivery:repositoryOwnerId: must be a number of GitHub\'s, in digits; got "acme".',
      'delivery:branch: must be the name of a branch; got "main\\" || true".',
      'delivery:operators.platform: must be an IAM member such as group:platform@example.com; got "somebody".',
      "delivery:ref: is not a key of the configuration; the keys here are gcp:project, region, repositoryOwnerId, repositoryId, branch, operators.",
    ]);
    expect(error).toBeInstanceOf(InvalidConfig);
  }
});

import { afterEach, expect, jest, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { synth } from "../components/testing/synth.ts";
import { readStackFile } from "./testing/stack-file.ts";

const STACKS = ["local", "dev", "prod"];

afterEach(() => {
  jest.restoreAllMocks();
});

/**
 * What a resource's identity is, stacks in use hold: where a line of the list goes and another comes, `up`
 * deletes and creates. Give what is moved or renamed an alias, see in a preview from an export that it is the
 * same, and only then renew the list: `npm test -- stacks/identity.test.ts --updateSnapshot`.
 */
test("keeps the identity of every resource, and warns of values that are still the example's", async () => {
  const warnings = jest.spyOn(console, "warn").mockReturnValue();
  const stacksOf = new Map<string, string[]>();
  for (const stack of STACKS) {
    for (const identity of await identitiesOf(stack)) {
      stacksOf.set(identity, [...(stacksOf.get(identity) ?? []), stack]);
    }
  }

  const lines = [...stacksOf].map(([identity, stacks]) =>
    stacks.length === STACKS.length ? identity : `${identity} in ${stacks.join(", ")}`,
  );
  expect(lines.sort()).toMatchSnapshot();
  const projects = warnings.mock.calls.flat().filter((warning) => String(warning).includes("gcp:project"));
  expect(projects).toEqual([
    expect.stringContaining('"example-platform-dev"'),
    expect.stringContaining('"example-platform-prod"'),
  ]);
});

test("refuses an update with values that are still the example's", async () => {
  const made = synth(programOf("dev", "update"), { stack: "dev" });
  await expect(made).rejects.toThrow(
    /^The stack is not made while Pulumi\.dev\.yaml has 10 values of the example:\n {2}gcp:project is /,
  );
});

/** Of what providers make, whose ancestors the components are, and of what had others. */
async function identitiesOf(stack: string): Promise<readonly string[]> {
  const resources = await synth(programOf(stack, "preview"), { stack, isPreview: true });
  return resources.flatMap(({ type, identity, formerly }) => {
    const moved = formerly.map((former) => `${identity}, formerly ${former}`);
    return type.startsWith("platform:") ? moved : [identity, ...moved];
  });
}

/** Each run is a module of its own, which runs when it is imported. */
function programOf(stack: string, run: string): () => Promise<unknown> {
  return () => {
    const given = {
      "platform:fastlyApiToken": "token",
      "platform:originSecret": "s".repeat(32),
      "platform:grantDelaySeconds": "0",
    };
    pulumi.runtime.setAllConfig({ ...readStackFile(stack), ...given });
    return import(`./index.ts?stack=${stack}&run=${run}`);
  };
}

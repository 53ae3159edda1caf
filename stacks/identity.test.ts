import { expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { type Synthesised, synth } from "../components/testing/synth.ts";
import { readStackFile } from "./testing/stack-file.ts";

const STACKS = ["local", "dev", "prod"];
let runs = 0;

/**
 * What a resource's identity is, stacks in use hold: where a line of the list goes and another comes, `up`
 * deletes and creates. Give what is moved or renamed an alias, see in a preview from an export that it is the
 * same, and only then renew the list: `npm test -- stacks/identity.test.ts --updateSnapshot`.
 */
test("keeps the identity of every resource", async () => {
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
});

test("leaves the foundation of stacks in which it was a part of the platform as it is", async () => {
  const resources = await programOf("local");

  expect(resources.find(({ type }) => type === "platform:certificates:ProjectFoundation")).toMatchObject({
    identity: "platform:certificates:ProjectFoundation::project",
    formerly: ["platform:certificates:CertificatePlatform$platform:certificates:ProjectFoundation::certs"],
  });
});

/** Of what providers make; components are their ancestors. */
async function identitiesOf(stack: string): Promise<readonly string[]> {
  const resources = await programOf(stack);
  return resources.filter(({ type }) => !type.startsWith("platform:")).map(({ identity }) => identity);
}

function programOf(stack: string): Promise<readonly Synthesised[]> {
  return synth(async () => {
    const given = { "platform:fastlyApiToken": "token", "platform:grantDelaySeconds": "0" };
    pulumi.runtime.setAllConfig({ ...readStackFile(stack), ...given });
    runs += 1;
    // Each time as a module of its own, since a module runs when it is first imported.
    await import(`./index.ts?run=${runs}`);
  });
}

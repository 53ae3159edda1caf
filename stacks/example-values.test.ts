import { afterEach, expect, jest, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { synth } from "../components/testing/synth.ts";
import { readStackFile } from "./testing/stack-file.ts";

afterEach(() => {
  jest.restoreAllMocks();
});

test("a preview warns of values that are still the example's", async () => {
  const warnings = jest.spyOn(console, "warn").mockReturnValue();
  await synth(programOf("dev", "preview"), { stack: "dev", isPreview: true });
  expect(warnings.mock.calls.flat()).toContainEqual(
    expect.stringMatching(/gcp:project is still the example's, .*"example-platform-dev"/),
  );
});

test("refuses an update with values that are still the example's", async () => {
  const made = synth(programOf("dev", "update"), { stack: "dev" });
  await expect(made).rejects.toThrow(
    /^The stack is not made while Pulumi\.dev\.yaml has 10 values of the example:\n {2}gcp:project is /,
  );
});

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

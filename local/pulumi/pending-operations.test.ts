import { expect, test } from "@jest/globals";
import { resolve } from "./pending-operations.ts";

const TOPIC = "gcp:pubsub/topic:Topic";
const urn = `urn:pulumi:local::platform::${TOPIC}::orders`;
const topic = (id: string) => ({ urn, type: TOPIC, id });
const held = (id: string) => ({ kind: TOPIC, id, urn });
const exported = (resources: object[], type: string, resource: object) => ({
  version: 3,
  deployment: {
    manifest: { version: "v3" },
    resources: resources as never[],
    pending_operations: [{ type, resource: resource as never }],
  },
});

test.each([
  ["what was made comes into the state", "creating", [], topic(""), [held("new")], [topic("new")], [urn]],
  ["what was not made yet is forgotten", "creating", [], topic(""), [], [], []],
  [
    "what was made to replace another makes that one go",
    "creating",
    [topic("old")],
    topic(""),
    [held("old"), held("new")],
    [{ ...topic("old"), delete: true }, topic("new")],
    [urn],
  ],
  ["what was deleted leaves the state", "deleting", [topic("old")], topic("old"), [], [], []],
  [
    "what was not deleted yet stays, and is read again",
    "deleting",
    [topic("old")],
    topic("old"),
    [held("old")],
    [topic("old")],
    [urn],
  ],
  [
    "what was being changed is read again",
    "updating",
    [topic("old")],
    topic("old"),
    [held("old")],
    [topic("old")],
    [urn],
  ],
])("%s", (_, type, before, resource, cloud, after, unread) => {
  expect(resolve(exported(before, type, resource), cloud)).toEqual({
    resolved: {
      version: 3,
      deployment: { manifest: { version: "v3" }, resources: after, pending_operations: [] },
    },
    unread,
  });
});

test.each([
  ["and is read", [], {}, [urn]],
  ["and goes, if it was made again since", [topic("new")], { delete: true }, [urn]],
])("what the cloud made and nobody wrote of comes into the state, %s", (_, before, more, unread) => {
  const provider = { urn: "urn:pulumi:local::platform::pulumi:providers:gcp::default", id: "1" };
  const known = [{ ...provider, type: "pulumi:providers:gcp" }, ...before];
  const cloud = [held("untold"), ...before.map(({ id }) => held(id))];
  const deployment = { manifest: { version: "v3" }, resources: known, pending_operations: [] };
  const { resolved, unread: left } = resolve({ version: 3, deployment }, cloud);

  expect(resolved.deployment.resources.at(-1)).toMatchObject({
    ...topic("untold"),
    ...more,
    provider: `${provider.urn}::1`,
  });
  expect(left).toEqual(unread);
});

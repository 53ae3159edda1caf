import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, jest, test } from "@jest/globals";
import { exportStack } from "./deployment.ts";
import { readDeployment } from "./deployment-reading.ts";
import { EngineHarness, TOKEN } from "./fixtures/engine-harness.ts";
import { UNREMARKABLE } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";
import { StackState } from "./stack-state.ts";
import { SECRET, SIGNATURE, secret, UNKNOWN } from "./values.ts";

/** A program starts in a second or two, and in many on a busy machine. */
jest.setTimeout(120_000);

const URN = "urn:pulumi:test::fixture::";
const read = (deployment: unknown) => readDeployment(JSON.stringify(deployment), "fixture", "test");
const deploymentOf = (...resources: readonly object[]) => ({ version: 3, deployment: { resources } });

test("exports a stack in Pulumi's shape, each resource after what it needs, secrets open only when asked", async () => {
  await using run = await EngineHarness.start();
  await run.run("up", "secrets");
  const sealed = exportStack(run.stateDir, "test");
  const { manifest, resources } = sealed?.deployment ?? {};
  expect(sealed?.version).toBe(3);
  expect(manifest?.magic).toBe(
    createHash("sha256")
      .update(manifest?.version ?? "")
      .digest("hex"),
  );
  expect(new Date(manifest?.time ?? "").getTime()).toBeLessThanOrEqual(Date.now());
  expect(JSON.stringify(sealed)).not.toContain(TOKEN);

  const thing = resources?.find(({ urn }) => urn.endsWith("::thing"));
  expect(thing).toMatchObject({
    urn: `${URN}fake:index:Thing::thing`,
    custom: true,
    id: expect.stringContaining("things/"),
    type: "fake:index:Thing",
    parent: `${URN}pulumi:pulumi:Stack::fixture-test`,
    provider: expect.stringContaining("pulumi:providers:fake::default::"),
    inputs: { value: { [SIGNATURE]: SECRET, ciphertext: expect.any(String) } },
  });
  expect(thing).not.toHaveProperty("protect");
  const seen = new Set<string>();
  for (const { urn, parent, dependencies = [], provider } of resources ?? []) {
    const needed = [parent, ...dependencies, provider?.slice(0, provider.lastIndexOf("::"))];
    for (const each of needed) if (each !== undefined) expect(seen).toContain(each);
    seen.add(urn);
  }

  const open = exportStack(run.stateDir, "test", { showSecrets: true });
  expect(open?.deployment.secrets_providers).toBeUndefined();
  expect(open?.deployment.resources.find(({ urn }) => urn.endsWith("::thing"))?.inputs).toMatchObject({
    value: { [SIGNATURE]: SECRET, plaintext: JSON.stringify(TOKEN) },
  });
  expect(exportStack(run.stateDir, "never-was")).toBeUndefined();
});

test("exports a replaced provider before the first resource that still refers to it", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "export-"));
  const record = (type: string, name: string, id: string, provider = ""): ResourceRecord => {
    const urn = `${URN}${type}::${name}`;
    return { ...UNREMARKABLE, urn, type, custom: true, id, inputs: {}, outputs: {}, provider };
  };
  const type = "pulumi:providers:fake";
  const reference = `${URN}${type}::own::old`;
  const before = StackState.open(stateDir, "fixture", "test");
  before.put(record("fake:index:Thing", "needed", "1"));
  before.put(record(type, "own", "old"));
  before.put(record("fake:index:Thing", "it", "2", reference));
  before.put(record("fake:index:Thing", "replaced", "3", reference));
  await before.save();
  const state = StackState.open(stateDir, "fixture", "test");
  for (const next of [record(type, "own", "new"), record("fake:index:Thing", "replaced", "4")]) {
    state.supersede(next.urn);
    state.put(next);
  }
  await state.save();
  const { resources = [] } = exportStack(stateDir, "test")?.deployment ?? {};
  rmSync(stateDir, { recursive: true });
  const ids = resources.map(({ id, delete: isDeleted }) => `${id}${isDeleted ? " to delete" : ""}`);
  expect(ids.toSorted()).toEqual(["1", "2", "3 to delete", "4", "new", "old to delete"]);
  expect(ids.indexOf("old to delete")).toBe(ids.indexOf("2") - 1);
  expect(ids.indexOf("1")).toBeLessThan(ids.indexOf("old to delete"));
});

test("a preview from an export finds nothing to do, with open secrets or encrypted ones, and what changed since", async () => {
  await using run = await EngineHarness.start();
  await run.run("up", "secrets");
  for (const showSecrets of [true, false]) {
    const from = read(exportStack(run.stateDir, "test", { showSecrets }));
    const preview = await run.run("preview", "secrets", {}, { from, stateDir: `${run.stateDir}/elsewhere` });
    expect(preview).toMatchObject({ ok: true, changeSummary: { create: 0, update: 0, delete: 0, same: 2 } });
    expect(JSON.stringify(run.events)).not.toContain(TOKEN);
  }
  const from = read(exportStack(run.stateDir, "test"));
  const changed = await run.run("preview", "chain", { names: "thing" }, { from });
  expect(changed.changeSummary).toEqual({ create: 0, update: 1, delete: 1, same: 0 });
  const thing = changed.steps.find(({ name }) => name === "thing");
  expect(thing?.diff).toContainEqual({ path: "settings", kind: "delete", old: expect.anything() });
});

test("takes what a real provider noted as its own defaults, and what it chose, for unchanged", async () => {
  await using run = await EngineHarness.start();
  const provider = `${URN}pulumi:providers:fake::default_9_37_0`;
  const exported = deploymentOf(
    {
      urn: provider,
      custom: true,
      id: "4c1a",
      type: "pulumi:providers:fake",
      inputs: { version: "9.37.0", region: "moon-1", token: { [SIGNATURE]: SECRET, ciphertext: "v1:x" } },
    },
    {
      urn: `${URN}fake:index:Thing::a`,
      custom: true,
      id: "things/a-1",
      type: "fake:index:Thing",
      inputs: { __defaults: ["name", "forceDestroy"], name: "a-1", forceDestroy: false, value: "v" },
      outputs: { name: "a-1", value: "v", echo: { [SIGNATURE]: SECRET, ciphertext: "v1:x" } },
      provider: `${provider}::4c1a`,
    },
  );
  const preview = await run.run("preview", "chain", { names: "a", value: "v" }, { from: read(exported) });
  expect(preview.changeSummary).toEqual({ create: 0, update: 0, delete: 0, same: 1 });
  const changed = await run.run("preview", "chain", { names: "a", value: "w" }, { from: read(exported) });
  expect(changed.steps.find(({ name }) => name === "a")).toMatchObject({
    op: "update",
    diff: [{ path: "value", kind: "update", old: "v", new: "w" }],
  });
});

test("reads secrets, references, what is to be deleted, and counts what is encrypted or unfinished", () => {
  const thing = { urn: `${URN}fake:index:Thing::a`, custom: true, type: "fake:index:Thing" };
  const reference = { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn", id: "i" };
  const { deployment } = deploymentOf(
    {
      ...thing,
      id: "1",
      inputs: {
        open: { [SIGNATURE]: SECRET, plaintext: '{"a":1}' },
        list: [{ [SIGNATURE]: SECRET, ciphertext: "v1:x" }],
        reference,
      },
      customTimeouts: { create: 90 },
      initErrors: ["it did not start"],
    },
    { ...thing, id: "0", delete: true },
  );
  const state = read({ version: 3, deployment: { ...deployment, pending_operations: [{}] } });
  expect(state).toMatchObject({ encrypted: 1, pending: 1, superseded: [{ id: "0" }] });
  expect(state.resources).toMatchObject([
    {
      inputs: { open: secret({ a: 1 }), list: [secret(UNKNOWN)], reference: "i" },
      timeouts: { create: 90, update: 0, delete: 0 },
      unsettled: true,
    },
  ]);
  expect(read({ version: 3, deployment: null })).toMatchObject({ resources: [], superseded: [] });
});

test.each<[string, unknown, string]>([
  ["another version", { version: 4, deployment: {} }, "must be of version 3; got 4."],
  [
    "another stack",
    deploymentOf({ urn: "urn:pulumi:prod::fixture::a:b:C::n", custom: true, type: "a:b:C" }),
    'must be of stack "test" of project "fixture"; it is of "prod" of "fixture".',
  ],
  [
    "a resource that is none",
    deploymentOf({ urn: "n", custom: true, type: "a:b:C" }),
    "deployment.resources.0.urn must be a URN.",
  ],
])("refuses %s in a sentence", (_, deployment, sentence) => {
  expect(() => read(deployment)).toThrow(sentence);
});

test("refuses half a file in a sentence", () => {
  expect(() => readDeployment('{"version": 3', "fixture", "test")).toThrow("The exported state must be JSON");
});

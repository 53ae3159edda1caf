import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runUpdate } from "./engine.ts";
import { UNREMARKABLE } from "./record-building.ts";
import type { PendingRecord, ResourceRecord } from "./records.ts";
import { StackState } from "./stack-state.ts";
import { secret } from "./values.ts";

let stateDir: string;
let path: string;

const resource: ResourceRecord = {
  ...UNREMARKABLE,
  urn: "urn:pulumi:test::p::fake:index:Thing::a",
  type: "fake:index:Thing",
  custom: true,
  id: "a",
  inputs: { open: "open", nested: [{ token: secret("hidden") }] },
  outputs: { token: secret({ of: ["hidden", 1] }) },
  provider: "",
};
const pending: PendingRecord = {
  op: "create",
  resource: { ...resource, id: "" },
  formerUrn: resource.urn,
};

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "state-"));
  path = join(stateDir, "stacks", "test.json");
  const state = StackState.open(stateDir, "p", "test");
  state.put(resource);
  state.supersede(resource.urn);
  state.put({ ...resource, id: "b" });
  state.putPending(pending);
  await state.save();
});

afterEach(() => rmSync(stateDir, { recursive: true }));

test("reads back what it wrote, with secrets encrypted in between and the key for its owner alone", () => {
  const text = readFileSync(path, "utf8");
  expect(text).toContain('"open":"open"');
  expect(text).not.toContain("hidden");
  expect(statSync(join(stateDir, "key")).mode & 0o777).toBe(0o600);
  const state = StackState.open(stateDir, "p", "test");
  expect(state.resources).toEqual([{ ...resource, id: "b" }]);
  expect(state.superseded).toEqual([resource]);
  expect(state.pending).toEqual([pending]);
});

test("what was set aside, and is recorded anew, is there once, and is not deleted any more", async () => {
  const state = StackState.open(stateDir, "p", "test");
  await state.save();
  state.supersede(resource.urn);
  state.put(resource);
  await state.save();
  for (const read of [state, StackState.read(stateDir, "test")]) {
    expect(read.resources).toEqual([resource]);
    expect(read.superseded).toEqual([{ ...resource, id: "b" }]);
  }
});

test("reads what version 1 wrote, and writes it as the present version", async () => {
  const old = (urn: string) => ({
    urn,
    type: "fake:index:Thing",
    custom: true,
    id: "a",
    parent: "",
    inputs: { value: "v", other: 1 },
    outputs: {},
    dependencies: ["urn:needed"],
    provider: "urn:provider::default",
    protect: true,
    retainOnDelete: false,
    deleteTimeoutSeconds: 90,
    deleting: true,
    unsettled: false,
  });
  const { keyCheck } = JSON.parse(readFileSync(path, "utf8")) as { keyCheck: string };
  const document = {
    version: 1,
    project: "p",
    stack: "test",
    keyCheck,
    resources: [old("urn:a")],
    superseded: [old("urn:b")],
    pending: [{ op: "update", resource: old("urn:a"), additionalSecretOutputs: ["x"] }],
  };
  writeFileSync(path, JSON.stringify(document));
  const state = StackState.open(stateDir, "p", "test");
  const { deleteTimeoutSeconds, ...kept } = old("urn:a");
  const migrated: ResourceRecord = {
    ...UNREMARKABLE,
    ...kept,
    propertyDependencies: { value: ["urn:needed"], other: ["urn:needed"] },
    timeouts: { create: 0, update: 0, delete: deleteTimeoutSeconds },
  };
  expect(state.resources).toEqual([migrated]);
  expect(state.superseded).toEqual([{ ...migrated, urn: "urn:b" }]);
  expect(state.pending).toEqual([
    { op: "update", resource: { ...migrated, additionalSecretOutputs: ["x"] }, formerUrn: "urn:a" },
  ]);
  await state.save();
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ version: 2, resources: [migrated] });
  expect(StackState.open(stateDir, "p", "test").resources).toEqual([migrated]);
});

test("every save that resolved is on the disk, however many overlap", async () => {
  const state = StackState.open(stateDir, "p", "test");
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const urn = `${resource.urn}-${index}`;
      state.put({ ...resource, urn });
      await state.save();
      expect(StackState.read(stateDir, "test").find(urn)).toEqual({ ...resource, urn });
    }),
  );
});

describe("what changed since the state was written whole", () => {
  const journal = (): string => join(stateDir, "stacks", "test.journal");
  const changed = (): ReturnType<typeof StackState.read> => StackState.read(stateDir, "test");

  async function change(state: StackState): Promise<void> {
    await state.save();
    state.put({
      ...resource,
      urn: "urn:pulumi:test::p::fake:index:Thing::other",
      dependencies: [resource.urn],
    });
    state.put({ ...resource, urn: `${resource.urn}-renamed`, id: "c" }, resource.urn);
    await state.save();
    const [superseded] = state.superseded;
    if (superseded === undefined) throw new Error("There is one.");
    state.amend(superseded, { ...superseded, deleting: true });
    state.putPending({ ...pending, op: "update" });
    await state.save();
  }

  test("is read from the journal, and is in the state alone once that is closed", async () => {
    const state = StackState.open(stateDir, "p", "test");
    await change(state);
    const whole = readFileSync(path, "utf8");
    expect(whole).not.toContain("other");
    expect(readFileSync(journal(), "utf8")).not.toContain("hidden");
    const fromJournal = changed();
    await state.close();
    for (const read of [fromJournal, changed()]) {
      expect(read.resources).toEqual(state.resources);
      expect(read.superseded).toEqual(state.superseded);
      expect(read.pending).toEqual(state.pending);
    }
    expect(state.resources[0]?.dependencies).toEqual([`${resource.urn}-renamed`]);
    expect(state.superseded).toMatchObject([{ id: "a", deleting: true }]);
    expect(existsSync(journal())).toBe(false);
  });

  test("is lost from the first line on that is torn, and nothing before it", async () => {
    await change(StackState.open(stateDir, "p", "test"));
    const lines = readFileSync(journal(), "utf8").split("\n");
    writeFileSync(journal(), `${lines.slice(0, 2).join("\n")}\n${lines[2]?.slice(0, -1)}`);
    expect(changed().resources.map(({ id }) => id)).toEqual(["a", "b"]);
    writeFileSync(journal(), `${lines.slice(0, 3).join("\n")}\n\0\0\0`);
    expect(changed().resources.map(({ id }) => id)).toEqual(["a", "c"]);
  });

  test("is damaged when a line in its middle is", async () => {
    await change(StackState.open(stateDir, "p", "test"));
    const lines = readFileSync(journal(), "utf8").split("\n");
    writeFileSync(journal(), lines.with(2, "{").join("\n"));
    expect(changed).toThrow(`The state ${path} is damaged: line 3 of ${journal()} is not a change.`);
  });

  test("means nothing beside a state that was written whole later, or restored from a copy", async () => {
    const copy = readFileSync(path);
    const state = StackState.open(stateDir, "p", "test");
    await change(state);
    const stale = readFileSync(journal());
    await state.close();
    writeFileSync(journal(), stale);
    expect(changed().resources).toEqual(state.resources);
    writeFileSync(path, copy);
    expect(changed().resources).toEqual([{ ...resource, id: "b" }]);
  });
});

test.each([
  [
    "cut short",
    () => truncateSync(path, 300),
    "is damaged: it is not complete JSON. Nothing was changed; restore it from a copy.",
  ],
  [
    "of a newer version",
    () => writeFileSync(path, JSON.stringify({ version: 3 })),
    "is of version 3, and this engine reads up to 2; use a newer engine.",
  ],
  [
    "of another shape",
    () => writeFileSync(path, JSON.stringify({ version: 2 })),
    "is damaged: project Invalid input",
  ],
  [
    "encrypted with another key",
    () => writeFileSync(join(stateDir, "key"), Buffer.alloc(32, 7).toString("base64")),
    "was encrypted with another key than",
  ],
])(
  "a state that is %s ends the update with one sentence, and stays as it is",
  async (_, damage, sentence) => {
    damage();
    const before = readFileSync(path);
    expect(await update()).toEqual({
      exitCode: 4,
      messages: [expect.stringContaining(`The state ${path} ${sentence}`)],
    });
    expect(readFileSync(path)).toEqual(before);
  },
);

test.each(["state", "journal"])("a %s that cannot be read is not called damaged", async (file) => {
  const unreadable = file === "state" ? path : join(stateDir, "stacks", "test.journal");
  rmSync(unreadable, { force: true });
  mkdirSync(unreadable);
  expect(await update()).toEqual({
    exitCode: 4,
    messages: [`The state ${unreadable} cannot be read (EISDIR).`],
  });
});

test.each([
  ["missing", (key: string) => rmSync(key), "cannot be read."],
  ["cut short", (key: string) => truncateSync(key, 8), "must be 32 bytes in base64; got 6."],
  ["open to others", (key: string) => chmodSync(key, 0o644), "must be readable by its owner alone"],
])(
  "a key that is %s ends the update with one sentence, and no new one is made",
  async (_, damage, sentence) => {
    const key = join(stateDir, "key");
    damage(key);
    expect(await update()).toEqual({
      exitCode: 4,
      messages: [expect.stringMatching(`^The key ${key}.*${sentence}`)],
    });
  },
);

async function update(): Promise<{ exitCode: number; messages: readonly string[] }> {
  const messages: string[] = [];
  const { exitCode } = await runUpdate({
    kind: "destroy",
    project: "p",
    stack: "test",
    programDir: join(import.meta.dirname, "fixtures", "program"),
    config: {},
    secretKeys: [],
    stateDir,
    providers: {},
    onEvent: (event) => messages.push(event.type === "diagnostic" ? event.message : event.type),
  });
  return { exitCode, messages };
}

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ObjectShape, Shape, Shapes } from "../provider/shapes.ts";
import { FASTLY_KINDS } from "./fastly/kinds.ts";
import { FASTLY } from "./fastly/package.ts";
import { GCP, GCP_KINDS } from "./google/package.ts";
import { TestSession, urnOf } from "./testing/session.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const MEMBER = "serviceAccount:robot-1@acme.iam.gserviceaccount.com";

/** One resource of a kind, in `examples.json` of its service's folder. */
interface Example {
  /** The least that the kind takes. What it refers to are other examples: by name, or by `@TOKEN` where the id is not known. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What the real provider gives it, or what that looks like. */
  readonly id?: string;
  readonly idPattern?: string;
  /** What it needs besides what it refers to. */
  readonly beside?: readonly (readonly [type: string, inputs: Record<string, unknown>])[];
}

const EXAMPLES: Readonly<Record<string, Example>> = Object.assign({}, ...tables("examples.json"));
const KINDS = new Map([...GCP_KINDS, ...FASTLY_KINDS].map((kind) => [kind.token, kind]));
const ASSET_SIGNATURE = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };

let sessions: Record<string, TestSession>;

beforeAll(async () => {
  sessions = {
    gcp: await TestSession.start(GCP),
    fastly: await TestSession.start(FASTLY),
  };
  await sessions.gcp?.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
});

afterAll(async () => {
  for (const session of Object.values(sessions)) await session.stop();
});

test("every kind of the tables is written, and none besides", () => {
  const written = [...GCP_KINDS, ...FASTLY_KINDS].map(({ token }) => token).sort();
  expect(written).toEqual(Object.keys(EXAMPLES).sort());
  expect(written).toEqual(tables("facts.json").flatMap(Object.keys).sort());
  const shapes = tables("shapes.generated.json") as Shapes[];
  expect(written).toEqual(shapes.flatMap(({ resources }) => Object.keys(resources)).sort());
});

/** The tables of that name, of all services. */
function tables(file: string): readonly object[] {
  return globSync(`*/${file}`, { cwd: import.meta.dirname }).map((path) =>
    JSON.parse(readFileSync(join(import.meta.dirname, path), "utf8")),
  );
}

function sessionOf(type: string): TestSession {
  const session = sessions[type.slice(0, type.indexOf(":"))];
  if (!session) throw new Error(`${type} has no session.`);
  return session;
}

/** Makes what an example refers to, and returns its inputs. */
async function prepare(type: string): Promise<Record<string, unknown>> {
  const ids: Record<string, string> = {};
  const { inputs = {}, beside = [] } = EXAMPLES[type] ?? {};
  const references = Object.values(KINDS.get(type)?.references ?? {}).flat();
  if (inputs.member === MEMBER) references.push("gcp:serviceaccount/account:Account");
  for (const needed of new Set(references)) {
    const { id } = await sessionOf(needed).make(urnOf(needed, "example"), await prepare(needed));
    ids[`@${needed}`] = id;
  }
  for (const [index, [needed, inputs]] of beside.entries()) {
    await sessionOf(needed).make(urnOf(needed, `beside-${index}`), inputs);
  }
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, ids[String(value)] ?? value]),
  );
}

/** Takes everything out of the clouds but the enabled services. */
function clear(): void {
  sessionOf("gcp:storage/bucket:Bucket").storage.clear("acme-shop");
  for (const { token } of KINDS.values()) {
    if (token === "gcp:projects/service:Service") continue;
    const { resources } = sessionOf(token).kernel;
    for (const kind of [token, `${token} deleted`]) {
      for (const { id } of resources.list(kind)) resources.remove(kind, id);
    }
  }
}

describe.each(Object.entries(EXAMPLES))("%s", (type, { id, idPattern }) => {
  const urn = urnOf(type, "example");
  const kind = KINDS.get(type);
  if (!kind) throw new Error(`${type} has no kind.`);
  const { facts, shape, shapes } = kind;
  let session: TestSession;
  let news: Record<string, unknown>;

  beforeAll(async () => {
    session = sessionOf(type);
    news = await prepare(type);
  });

  afterAll(clear);

  for (const path of Object.keys(kind.references ?? {})) {
    test(`is not made with a ${path} that does not exist`, async () => {
      const { inputs } = await session.check(urn, withText(news, path, "absent"));
      await expect(session.create(urn, inputs)).rejects.toMatchObject({
        code: grpc.status.NOT_FOUND,
        details: expect.stringMatching(/Error 404: .* must name a .*; got "absent" \(https:\S+\)\.$/),
      });
    });
  }

  if (kind.services && kind.services.length > 0) {
    test("is not made before its service is enabled", async () => {
      const { inputs } = await session.check(urn, news);
      for (const service of kind.services ?? []) {
        session.kernel.resources.remove("gcp:projects/service:Service", `acme/${service}`);
        await expect(session.create(urn, inputs)).rejects.toMatchObject({
          code: grpc.status.PERMISSION_DENIED,
          details: expect.stringContaining(`${service} has not been used in project acme`),
        });
        session.enable(service);
      }
    });
  }

  test("previews, is made with every output that the SDK promises, and goes", async () => {
    const { inputs, failures } = await session.check(urn, news);
    expect(failures).toEqual([]);
    const preview = await session.create(urn, inputs, true);
    const made = await session.create(urn, inputs);
    if (idPattern === undefined) expect(made.id).toBe(id);
    else expect(made.id).toMatch(new RegExp(idPattern));

    expect(Object.keys(made.properties)).toEqual(expect.arrayContaining([...facts.computed]));
    expect(shape.outputs).toEqual(expect.arrayContaining(Object.keys(made.properties)));
    expect(JSON.stringify(made.properties)).not.toContain(UNKNOWN);
    for (const [name, value] of Object.entries(preview.properties)) {
      if (value !== UNKNOWN) expect([name, made.properties[name]]).toEqual([name, filled(value)]);
    }
    const read = await session.read(urn, made.id, inputs);
    expect(read).toEqual({ id: made.id, properties: made.properties, inputs });

    // What a second run, a refresh or an import finds is no change.
    const again = await session.check(urn, news, { olds: inputs, seed: "another" });
    expect(await session.diff(urn, inputs, again.inputs)).toMatchObject({ changed: false });
    expect(await session.diff(urn, read.inputs, again.inputs)).toMatchObject({ changed: false });
    const imported = await session.read(urn, made.id);
    expect(await session.diff(urn, imported.inputs, again.inputs)).toMatchObject({ changed: false });

    await session.delete(urn, made.id);
    expect((await session.read(urn, made.id)).id).toBe("");
  });

  test("is replaced for what its service never changes, and for nothing else", async () => {
    const all = (word: string) =>
      Object.fromEntries(
        Object.entries(shape.inputs.fields).map(([name, field]) => [name, sampleOf(field, word, shapes)]),
      );
    const { detail } = await session.diff(urn, all("one"), all("other"));
    expect(Object.keys(detail).length).toBeGreaterThan(0);
    for (const [path, change] of Object.entries(detail)) {
      const tablePath = path.replace(/\[\d+\]/g, "[]");
      const replaces = facts.replaceOnChange.some(
        (tabled) => tablePath === tabled || [".", "["].some((next) => tablePath.startsWith(tabled + next)),
      );
      expect([path, change]).toEqual([path, replaces ? "UPDATE_REPLACE" : "UPDATE"]);
    }
    expect(facts.replaceOnChange.filter((path) => !isDeclared(shape.inputs, path, shapes))).toEqual([]);
  });
});

/** What is not known within a value may turn out to be anything. */
function filled(value: unknown): unknown {
  if (value === UNKNOWN) return expect.anything();
  if (Array.isArray(value)) return value.map(filled);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]));
}

/** Some value of a shape, another for each word. */
function sampleOf(shape: Shape, word: string, shapes: Shapes): unknown {
  if (shape === "string" || shape === "any") return word;
  if (shape === "number") return word.length;
  if (shape === "boolean") return word === "one";
  if (shape === "asset") return { ...ASSET_SIGNATURE, text: word, hash: word };
  if (typeof shape === "string") {
    const fields = Object.entries(shapes.objects[shape.slice(1)]?.fields ?? {});
    return Object.fromEntries(fields.map(([name, field]) => [name, sampleOf(field, word, shapes)]));
  }
  if ("oneOf" in shape) return shape.oneOf[word === "one" ? 0 : 1] ?? shape.oneOf[0];
  if ("list" in shape) return [sampleOf(shape.list, word, shapes)];
  return { key: sampleOf(shape.map, word, shapes) };
}

/** Whether the SDK declares a field at a path of the tables. */
function isDeclared(shape: ObjectShape, path: string, shapes: Shapes): boolean {
  let field: Shape | undefined = { map: "any" };
  let fields: ObjectShape["fields"] | undefined = shape.fields;
  for (const segment of path.split(/\.|(?=\[\])/)) {
    if (segment === "[]") field = typeof field === "object" && "list" in field ? field.list : undefined;
    else field = fields?.[segment];
    fields = typeof field === "string" ? shapes.objects[field.slice(1)]?.fields : undefined;
  }
  return field !== undefined;
}

/** The same with a text at a path of rules, in the first element of each list on the way. */
function withText(holder: unknown, path: string, text: string): Record<string, unknown> {
  const put = (value: unknown, segments: readonly string[]): unknown => {
    const [first, ...rest] = segments;
    if (first === undefined) return text;
    if (first === "[]") return [put(Array.isArray(value) ? value[0] : undefined, rest)];
    const object = typeof value === "object" && value !== null ? value : {};
    return { ...object, [first]: put((object as Record<string, unknown>)[first], rest) };
  };
  return put(holder, path.split(/\.|(?=\[\])/)) as Record<string, unknown>;
}

import { describe, expect, test } from "@jest/globals";
import { isList, isProperties, type Properties, UNKNOWN, type Value } from "../../../review/rules/values.ts";
import type { Kind } from "../../provider/kind.ts";
import { Provider } from "../../provider/provider.ts";
import type { ObjectShape, Shape } from "../../provider/shapes.ts";

/**
 * A mistake: what is set over the base, by path (`undefined` takes away), the refusal's beginning, and a
 * part of its source. With `beside`, the path of the unknown that must not hide it.
 */
export type Mistake = readonly [
  set: Readonly<Record<string, Value | undefined>>,
  refusal: string,
  source: string,
  beside?: string,
];

/**
 * Holds a kind to its refusals: the base passes, each mistake alone is refused by its rule, with its
 * source, and still is with an unknown value beside it and one at the top.
 */
export function describeRefusals(
  kinds: readonly Kind[],
  token: string,
  base: Properties,
  mistakes: readonly Mistake[],
): void {
  const check = checker(kinds, token);
  describe(token, () => {
    test("takes what is right", () => {
      expect(check(base)).toEqual([]);
    });

    test.each(mistakes.map((mistake) => [mistake[1], mistake] as const))(
      "%s",
      (_, [set, refusal, source, beside]) => {
        const wrong = withValues(base, set);
        const [reason, ...others] = check(wrong);
        expect(others).toEqual([]);
        expect(reason).toMatch(new RegExp(`^${escaped(refusal)}.*\\(.*${escaped(source)}.*\\)\\.$`, "s"));

        const path = refusal.slice(0, refusal.indexOf(" "));
        const unknown = beside ?? siblingOf(kindOf(kinds, token), wrong, path, reason ?? "");
        if (unknown === undefined) throw new Error(`${path} has no sibling that could be unknown: name one.`);
        const besideUnknown = withValue(wrong, unknown, UNKNOWN) as Properties;
        expect([unknown, check(besideUnknown)]).toEqual([unknown, [reason]]);
      },
    );
  });
}

/** Holds a kind to taking the base with each of the changes, by path. */
export function describeAcceptance(
  kinds: readonly Kind[],
  token: string,
  base: Properties,
  changes: readonly Mistake[0][],
): void {
  const check = checker(kinds, token);
  describe(token, () => {
    test.each(changes)("takes %j", (set) => {
      expect(check(withValues(base, set))).toEqual([]);
    });
  });
}

/** Holds a kind to naming what the local cloud does not do, by the paths that it reports. */
export function describeUnsupported(
  kinds: readonly Kind[],
  token: string,
  cases: readonly (readonly [inputs: Properties, paths: readonly string[]])[],
): void {
  describe(`${token} here`, () => {
    test.each(cases)("of %j it refuses %j", (inputs, paths) => {
      const reported: string[] = [];
      kindOf(kinds, token).unsupported?.(inputs, (path) => reported.push(path));
      expect(reported).toEqual(paths);
    });
  });
}

/** The refusals of inputs in an offline preview. */
function checker(kinds: readonly Kind[], token: string): (news: Properties) => readonly string[] {
  const provider = Provider.offline(
    { name: "test", kinds, settings: { read: ["project", "region"], access: /^$/ }, functions: {} },
    false,
  );
  provider.configure({ project: "acme", region: "europe-west1" });
  const urn = `urn:pulumi:test::project::${token}::thing`;
  return (news) =>
    provider
      .check({ urn, olds: {}, news, randomSeed: Buffer.from("seed") })
      .failures.map(({ reason }) => reason);
}

function withValues(base: Properties, set: Mistake[0]): Properties {
  return Object.entries(set).reduce<Properties>(
    (inputs, [path, value]) => withValue(inputs, path, value) as Properties,
    base,
  );
}

function kindOf(kinds: readonly Kind[], token: string): Kind {
  const kind = kinds.find((other) => other.token === token);
  if (!kind) throw new Error(`There is no kind ${token}.`);
  return kind;
}

/** A field next to the mistaken one that neither stands there nor is spoken of. */
function siblingOf(kind: Kind, wrong: Properties, path: string, reason: string): string | undefined {
  const segments = segmentsOf(path);
  while (segments.length > 0) {
    segments.pop();
    const holder = segments.reduce<Value | undefined>(childOf, wrong);
    const fields = fieldsAt(kind, segments);
    if (!fields || !isProperties(holder)) continue;
    const free = fields.find(
      (name) => holder[name] === undefined && !new RegExp(`\\b${name}\\b`).test(reason),
    );
    if (free !== undefined) return [...segments.map(shown), `.${free}`].join("").replace(/^\./, "");
  }
  return undefined;
}

function fieldsAt(
  { shape: { inputs }, shapes }: Kind,
  segments: readonly (string | number)[],
): string[] | undefined {
  let fields: ObjectShape["fields"] | undefined = inputs.fields;
  let shape: Shape | undefined;
  for (const segment of segments) {
    if (typeof segment === "number")
      shape = typeof shape === "object" && "list" in shape ? shape.list : undefined;
    else shape = fields?.[segment];
    fields = typeof shape === "string" ? shapes.objects[shape.slice(1)]?.fields : undefined;
  }
  return fields && Object.keys(fields);
}

function withValue(holder: Value | undefined, path: string, value: Value | undefined): Value {
  const [first, ...rest] = segmentsOf(path);
  if (first === undefined) return value ?? null;
  const below = rest.map(shown).join("").replace(/^\./, "");
  const next = below === "" ? value : withValue(childOf(holder, first), below, value);
  if (typeof first === "number") {
    const items = isList(holder) ? [...holder] : [];
    if (next !== undefined) items[first] = next;
    return items;
  }
  return { ...(isProperties(holder) ? holder : {}), [first]: next };
}

function childOf(holder: Value | undefined, segment: string | number): Value | undefined {
  if (typeof segment === "number") return isList(holder) ? holder[segment] : undefined;
  return isProperties(holder) ? holder[segment] : undefined;
}

function segmentsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? "") : Number(index),
  );
}

function shown(segment: string | number): string {
  return typeof segment === "number" ? `[${segment}]` : `.${segment}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { differences, equal, valueAt } from "./differences.ts";
import { masked } from "./masking.ts";
import { markSecrets } from "./secrecy.ts";
import { ASSET, type Properties, SIGNATURE, secret, UNKNOWN, type Value } from "./values.ts";

const values = fc.letrec<{ value: Value; properties: Properties }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("properties"),
  ),
  properties: fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));

describe("differences", () => {
  test("are found exactly where values differ, and their paths lead there", () => {
    fc.assert(
      fc.property(values.properties, values.properties, (old, next) => {
        const found = differences(old, next);
        expect(found.length === 0).toBe(JSON.stringify(sorted(old)) === JSON.stringify(sorted(next)));
        for (const { path, kind } of found) {
          const [before, after] = [valueAt(old, path), valueAt(next, path)];
          expect([before === undefined, after === undefined]).toEqual([kind === "add", kind === "delete"]);
          expect(equal(before, after)).toBe(false);
        }
      }),
    );
  });

  test("name the innermost property, and go by the bytes of assets and the plain text of secrets", () => {
    const asset = (path: string, hash: string): Properties => ({ [SIGNATURE]: ASSET, path, hash });
    const old = {
      a: [{ b: 1, "c d": 1 }],
      code: asset("/x", "1"),
      key: secret("k"),
      token: secret("old"),
      gone: true,
    };
    const next = { a: [{ b: 2, "c d": 2 }, 3], code: asset("/y", "1"), key: "k", token: secret("new") };
    expect(differences(old, next)).toEqual([
      { path: "a[0].b", kind: "update" },
      { path: 'a[0]["c d"]', kind: "update" },
      { path: "a[1]", kind: "add" },
      { path: "gone", kind: "delete" },
      { path: "token", kind: "update" },
    ]);
    expect(valueAt(masked(old), "token")).toBe("[secret]");
    expect(valueAt(masked({ all: secret({ token: "x" }) }), "all.token")).toBe("[secret]");
    expect(valueAt(masked({ all: UNKNOWN }), "all.token")).toBe("[unknown]");
  });
});

test("secrecy goes from inputs to outputs of the same name, from one item to its list, and never off", () => {
  const inputs = {
    plain: 1,
    whole: secret({ of: "s" }),
    inner: { hidden: secret("s"), open: 1 },
    list: [1, secret("s")],
  };
  const outputs = {
    plain: 1,
    whole: { of: "s" },
    inner: { hidden: "s", open: 1 },
    list: [1, "s"],
    own: secret("o"),
    extra: [secret("x")],
  };
  expect(masked(markSecrets(outputs, inputs, ["extra", "absent"]))).toEqual({
    plain: 1,
    whole: "[secret]",
    inner: { hidden: "[secret]", open: 1 },
    list: "[secret]",
    own: "[secret]",
    extra: "[secret]",
  });
});

function sorted(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => sorted(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Properties)
      .sort()
      .map(([name, item]) => [name, sorted(item)]),
  );
}

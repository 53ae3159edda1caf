import { expect, test } from "@jest/globals";
import { covers, parsePath, withOldAt } from "./property-paths.ts";
import { type Properties, secret } from "./values.ts";

test.each([
  ["a", ["a"]],
  ["a.b[0].c", ["a", "b", 0, "c"]],
  ["a[*].b", ["a", "*", "b"]],
  ["*", ["*"]],
  ['["a.b"][1]', ["a.b", 1]],
  ['a["say \\"b\\""].c', ["a", 'say "b"', "c"]],
  ["a.[0]", ["a", 0]],
  ["labels.goog-managed", ["labels", "goog-managed"]],
])("reads %s", (text, path) => {
  expect(parsePath(text)).toEqual(path);
});

test.each(["", ".a", "a.", "a[", "a[x]", 'a["b', "a]b", "a..b"])('refuses "%s"', (text) => {
  expect(() => parsePath(text)).toThrow(SyntaxError);
});

test.each([
  ["a", "a", true],
  ["a", "a.b[0]", true],
  ["a[*].b", "a[3].b.c", true],
  ["*", "a", true],
  ["a.b", "a", false],
  ["a[*]", "a", false],
  ["a[0]", "a[1]", false],
])("%s covers %s: %s", (outer, inner, covered) => {
  expect(covers(parsePath(outer), parsePath(inner))).toBe(covered);
});

const REFUSED = undefined;

test.each<[string, string, Properties, Properties, Properties | undefined]>([
  ["a property", "a", { a: 1 }, { a: 2, b: 2 }, { a: 1, b: 2 }],
  ["a property that was not there", "a", {}, { a: 2 }, {}],
  ["a property that is gone", "a", { a: 1 }, {}, { a: 1 }],
  ["a nested one", "a.b", { a: { b: 1 } }, { a: { b: 2, c: 2 } }, { a: { b: 1, c: 2 } }],
  ["a nested one on neither side", "a.b", {}, { c: 1 }, { c: 1 }],
  ["a nested one in what is gone", "a.b", { a: { b: 1 } }, {}, REFUSED],
  ["a nested one in what is new", "a.b", {}, { a: { b: 2, c: 2 } }, { a: { c: 2 } }],
  ["an item", "a[1]", { a: [1, 1] }, { a: [2, 2] }, { a: [2, 1] }],
  ["an item that only one side has", "a[1]", { a: [1, 1] }, { a: [2] }, REFUSED],
  ["an item that neither side has", "a[1]", { a: [1] }, { a: [2] }, { a: [2] }],
  [
    "all items",
    "a[*].b",
    { a: [{ b: 1 }, { b: 1 }] },
    { a: [{ b: 2 }, { b: 3 }] },
    { a: [{ b: 1 }, { b: 1 }] },
  ],
  ["all items of lists of two lengths", "a[*]", { a: [1] }, { a: [1, 2] }, REFUSED],
  ["all properties", "a[*]", { a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 1 } }],
  ["what was secret", "a.b", { a: secret({ b: 1 }) }, { a: { b: 2 } }, { a: { b: secret(1) } }],
  ["what is secret", "a.b", { a: { b: 1 } }, { a: secret({ b: 2 }) }, { a: secret({ b: 1 }) }],
])("keeps the old value of %s (%s), as Pulumi does", (_, path, old, next, kept) => {
  expect(withOldAt(next, old, parsePath(path))).toEqual(kept);
});

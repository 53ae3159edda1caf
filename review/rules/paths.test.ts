import { expect, test } from "@jest/globals";
import { namedPath, showAt } from "./paths.ts";
import { type Properties, Secret, UNKNOWN } from "./values.ts";

const PROPERTIES: Properties = {
  envs: [
    { name: "REGION", value: "a" },
    { name: "TWICE", valueSource: { keys: ["x"] } },
    { name: "TWICE" },
    { name: UNKNOWN },
    { name: new Secret("TOKEN") },
    { value: "nameless" },
    { name: 'a]b"', nested: [{ name: "inner" }] },
  ],
  labels: { "a.b": "c" },
};

test.each([
  ["envs[0].value", "envs[REGION].value"],
  ["envs[0]", "envs[REGION]"],
  // What the path leads to does not say where it is.
  ["envs[0].name", "envs[0].name"],
  ["envs[1].valueSource.keys[0]", "envs[1].valueSource.keys[0]"],
  ["envs[2].value", "envs[2].value"],
  ["envs[3].value", "envs[3].value"],
  ["envs[4].value", "envs[4].value"],
  ["envs[5].value", "envs[5].value"],
  ["envs[6].nested[0].value", 'envs["a]b\\""].nested[inner].value'],
  ["envs[7].value", "envs[7].value"],
  ['labels["a.b"]', 'labels["a.b"]'],
  ["nowhere.at[0].all", "nowhere.at[0].all"],
])("names the elements on the way of %s that have a name to themselves", (path, named) => {
  expect(namedPath(PROPERTIES, path)).toBe(named);
});

test("shows what stands at a path", () => {
  expect(showAt(PROPERTIES, "envs[0].value")).toBe('"a"');
  expect(showAt(PROPERTIES, "envs[4].name")).toBe("[secret]");
  expect(showAt(PROPERTIES, "envs[9].name")).toBe("nothing");
  expect(showAt(PROPERTIES, 'labels["a.b"]')).toBe('"c"');
});

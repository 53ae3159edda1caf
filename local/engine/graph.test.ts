import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { deletionOrder } from "./graph.ts";
import { UNREMARKABLE } from "./record-building.ts";
import type { ResourceRecord } from "./records.ts";

function record(urn: string): ResourceRecord {
  return {
    ...UNREMARKABLE,
    urn,
    type: "fake:index:Thing",
    custom: true,
    id: urn,
    inputs: {},
    outputs: {},
    provider: "",
  };
}

/** Resources, each needing some of those before it, as dependencies or as its parent. */
const graphs = fc
  .array(fc.record({ needs: fc.array(fc.nat(), { maxLength: 3 }), parent: fc.option(fc.nat()) }), {
    maxLength: 12,
  })
  .map((nodes) =>
    nodes.map(({ needs, parent }, index): ResourceRecord => {
      const before = (number: number): string[] => (index === 0 ? [] : [`urn:${number % index}`]);
      return {
        ...record(`urn:${index}`),
        dependencies: needs.flatMap(before),
        parent: parent === null ? "" : (before(parent)[0] ?? ""),
      };
    }),
  );

function needs(resource: ResourceRecord, other: ResourceRecord): boolean {
  return resource.parent === other.urn || resource.dependencies.includes(other.urn);
}

test("visits each resource once, after all that need it, and never what a failed one needs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.gen(),
      graphs,
      fc.array(fc.nat(11), { maxLength: 2 }),
      async (_, resources, failing) => {
        const ended = new Set<ResourceRecord>();
        const begun: ResourceRecord[] = [];
        await deletionOrder(resources, async (resource) => {
          for (const other of resources) {
            if (needs(other, resource)) expect(ended).toContain(other);
          }
          begun.push(resource);
          await new Promise(setImmediate);
          if (failing.some((index) => resource.urn === `urn:${index}`)) return false;
          ended.add(resource);
          return true;
        });
        expect(new Set(begun).size).toBe(begun.length);
        for (const resource of resources) {
          const kept = resources.some((other) => !ended.has(other) && needs(other, resource));
          expect(begun.includes(resource)).toBe(!kept);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("a cycle, which replaced resources can form, is still gone through to its end", async () => {
  const a = { ...record("urn:a"), dependencies: ["urn:b"] };
  const b = { ...record("urn:b"), dependencies: ["urn:a"] };
  const visited: string[] = [];
  await deletionOrder([a, b], async ({ urn }) => {
    visited.push(urn);
    return true;
  });
  expect(visited).toEqual(["urn:b", "urn:a"]);
});

test("throws what a visit threw, after the others ended", async () => {
  const ended: string[] = [];
  const resources = ["urn:a", "urn:b"].map(record);
  const visits = deletionOrder(resources, async ({ urn }) => {
    if (urn === "urn:a") throw new Error("no");
    await new Promise(setImmediate);
    ended.push(urn);
    return true;
  });
  await expect(visits).rejects.toThrow("no");
  expect(ended).toEqual(["urn:b"]);
});

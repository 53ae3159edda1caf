import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type ResourceState, SECRET, UNKNOWN } from "../preview/stack-preview.ts";
import { goldenOf, readGolden } from "./golden-graph.ts";
import type { ResourceGraph } from "./resource-graph.ts";

const GOLDEN = join(import.meta.dirname, "../../test/golden");
const STACK = "urn:pulumi:prod::platform::pulumi:pulumi:Stack::platform-prod";
const FOUNDATION = "urn:pulumi:prod::platform::platform:a:Foundation::project";
const ASSET = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17" };

test.each(["local", "dev", "prod", "delivery-prod"])(
  "the graph of %s is read back as it was written",
  (stack) => {
    const text = readFileSync(join(GOLDEN, `${stack}.json`), "utf8");
    expect(goldenOf(readGolden(text))).toBe(text);
  },
);

test("suffixes, hashes, files' places and the order of resources make no difference", () => {
  const one = goldenOf(graphOf("1a2b3c4", "a".repeat(64), "/home/one"));
  const { resources, ...rest } = graphOf("5d6e7f8", "b".repeat(64), "/home/other");
  expect(goldenOf({ ...rest, resources: resources.toReversed() })).toBe(one);
  expect(one).not.toMatch(/1a2b3c4|aaaa|home/);
});

test("a name of the program's own stays, though it looks like one that was made up", () => {
  const { resources, ...rest } = graphOf("1a2b3c4", "a".repeat(64), "/home/one");
  const named = resources.map((each) => ({
    ...each,
    propertyDependencies: { ...each.propertyDependencies, name: [] },
  }));
  expect(goldenOf({ ...rest, resources: named })).toContain('"code-1a2b3c4"');
});

test("tells what is secret, what is not known yet, and long text line by line", () => {
  const { resources } = JSON.parse(goldenOf(graphOf("1a2b3c4", "a".repeat(64), "/home/one")));
  expect(resources["platform:a:Foundation$gcp:storage/bucketObject:BucketObject::app"].inputs).toEqual({
    bucket: "code-0000000",
    metadata: { "(json)": { b: 1, a: [2] } },
    name: `app/${"0".repeat(64)}.zip`,
    notes: { "(lines)": ["one", "two"] },
    owner: "projects/(unknown)",
    source: "(file)",
    token: SECRET,
  });
});

test("a changed input is a changed line", () => {
  const graph = readGolden(readFileSync(join(GOLDEN, "prod.json"), "utf8"));
  const key = (each: ResourceState) => each.type === "gcp:kms/cryptoKey:CryptoKey";
  expect(changes(graph, (each) => (key(each) ? withInput(each, "rotationPeriod", "1s") : each))).toEqual([
    '-         "rotationPeriod": "7776000s"',
    '+         "rotationPeriod": "1s"',
  ]);
});

test("what comes to a component is no change of all that waits for it", () => {
  const graph = graphOf("1a2b3c4", "a".repeat(64), "/home/one");
  const added = resource(
    `${FOUNDATION.replace("::project", "")}$gcp:projects/service:Service::dns`,
    FOUNDATION,
  );
  const waiting = graph.resources.map((each) =>
    each.dependencies.length > 1 ? { ...each, dependencies: [...each.dependencies, added.urn] } : each,
  );
  const [before, after] = [graph, { ...graph, resources: [...waiting, added] }].map(
    (each) => JSON.parse(goldenOf(each)).resources,
  );
  const { "platform:a:Foundation$gcp:projects/service:Service::dns": _, ...others } = after;
  expect(others).toEqual(before);
  expect(before["gcp:pubsub/topic:Topic::news"].dependsOn).toEqual(["platform:a:Foundation::project/*"]);
});

function changes({ resources, ...rest }: ResourceGraph, change: (each: ResourceState) => ResourceState) {
  const before = goldenOf({ ...rest, resources }).split("\n");
  const after = goldenOf({ ...rest, resources: resources.map(change) }).split("\n");
  expect(after).toHaveLength(before.length);
  return before.flatMap((line, index) => (line === after[index] ? [] : [`- ${line}`, `+ ${after[index]}`]));
}

function withInput(each: ResourceState, input: string, value: unknown): ResourceState {
  return { ...each, inputs: { ...each.inputs, [input]: value } };
}

function graphOf(suffix: string, hash: string, folder: string): ResourceGraph {
  const inFoundation = (type: string, name: string) =>
    `${FOUNDATION.replace("::project", "")}$${type}::${name}`;
  const services = ["run", "storage"].map((name) => inFoundation("gcp:projects/service:Service", name));
  const bucket = inFoundation("gcp:storage/bucket:Bucket", "code");
  return {
    stack: "prod",
    project: "platform",
    resources: [
      { ...resource(STACK), custom: false },
      { ...resource(FOUNDATION, STACK), custom: false },
      ...services.map((urn) => resource(urn, FOUNDATION)),
      { ...resource(bucket, FOUNDATION), inputs: { name: `code-${suffix}` } },
      {
        ...resource(inFoundation("gcp:storage/bucketObject:BucketObject", "app"), FOUNDATION),
        inputs: {
          token: SECRET,
          source: { ...ASSET, hash, path: `${folder}/app.zip` },
          owner: `projects/${UNKNOWN}`,
          notes: "one\ntwo",
          name: `app/${hash}.zip`,
          metadata: '{"b":1,"a":[2]}',
          bucket: `code-${suffix}`,
        },
        propertyDependencies: { bucket: [bucket], name: [] },
        dependencies: [bucket],
      },
      {
        ...resource("urn:pulumi:prod::platform::gcp:pubsub/topic:Topic::news", STACK),
        dependencies: [...services, bucket, inFoundation("gcp:storage/bucketObject:BucketObject", "app")],
      },
    ],
  };
}

function resource(urn: string, parent?: string): ResourceState {
  return {
    urn,
    type: urn.split("::")[2]?.split("$").at(-1) ?? "",
    custom: true,
    inputs: {},
    outputs: {},
    ...(parent !== undefined && { parent }),
    protect: false,
    retainOnDelete: false,
    dependencies: [],
    propertyDependencies: {},
    positions: [],
  };
}

import { expect, test } from "@jest/globals";
import aliasPb from "@pulumi/pulumi/proto/alias_pb.js";
import callbackPb from "@pulumi/pulumi/proto/callback_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { readRegistration } from "./registration.ts";

type Request = InstanceType<typeof resourcePb.RegisterResourceRequest>;

const PARENT = "urn:pulumi:s::p::platform:area:Part::part";

function request(): Request {
  return new resourcePb.RegisterResourceRequest()
    .setName("x")
    .setType("fake:index:Thing")
    .setCustom(true)
    .setParent(PARENT);
}

test("reads a resource's identity, its dependencies and the options that the engine honours", () => {
  const timeouts = new resourcePb.RegisterResourceRequest.CustomTimeouts()
    .setCreate("1h2m3s")
    .setDelete("1.5m");
  const wanted = request()
    .setDependenciesList(["urn:b", "urn:a"])
    .setProtect(true)
    .setRetainondelete(true)
    .setIgnorechangesList(["labels", 'nodes[*]["a.b"]'])
    .setReplaceonchangesList(["place"])
    .setDeletedwith("urn:d")
    .setDeletebeforereplacedefined(true)
    .setProvider("urn:p::id")
    .setAdditionalsecretoutputsList(["key"])
    .setCustomtimeouts(timeouts);
  const properties = new resourcePb.RegisterResourceRequest.PropertyDependencies().setUrnsList([
    "urn:c",
    "urn:a",
  ]);
  wanted.getPropertydependenciesMap().set("value", properties);
  wanted.addAliases(new aliasPb.Alias().setSpec(new aliasPb.Alias.Spec().setName("y")));
  wanted.addAliases(new aliasPb.Alias().setSpec(new aliasPb.Alias.Spec().setNoparent(true)));
  wanted.addAliases(new aliasPb.Alias().setUrn("urn:old"));
  expect(readRegistration(wanted, "p", "s")).toMatchObject({
    urn: "urn:pulumi:s::p::platform:area:Part$fake:index:Thing::x",
    dependencies: ["urn:a", "urn:b", "urn:c"],
    protect: true,
    retainOnDelete: true,
    propertyDependencies: { value: ["urn:a", "urn:c"] },
    ignoreChanges: ["labels", 'nodes[*]["a.b"]'],
    replaceOnChanges: ["place"],
    deletedWith: "urn:d",
    deleteBeforeReplace: false,
    provider: "urn:p::id",
    additionalSecretOutputs: ["key"],
    timeouts: { create: 3_723, update: 0, delete: 90 },
    aliases: [{ name: "y" }, { parent: "" }, { urn: "urn:old" }],
  });
});

test.each<[string, (wanted: Request) => unknown]>([
  ["a remote component", (wanted) => wanted.setRemote(true)],
  ["a parameterized package", (wanted) => wanted.setPackageref("ref")],
  ["the option import", (wanted) => wanted.setImportid("id")],
  ["the option replaceWith", (wanted) => wanted.addReplaceWith("urn:a")],
  [
    "the option replacementTrigger",
    (wanted) => wanted.setReplacementTrigger(structPb.Value.fromJavaScript(1)),
  ],
  ["the option hideDiffs", (wanted) => wanted.addHidediffs("value")],
  ["the option transforms", (wanted) => wanted.addTransforms(new callbackPb.Callback())],
  [
    "the option hooks",
    (wanted) => wanted.setHooks(new resourcePb.RegisterResourceRequest.ResourceHooksBinding()),
  ],
  ["the option stateMigrations", (wanted) => wanted.addStateMigrations(new callbackPb.Callback())],
  ["the option envVarMappings", (wanted) => wanted.getEnvvarmappingsMap().set("A", "B")],
])("refuses %s by name", (what, set) => {
  const wanted = request();
  set(wanted);
  expect(() => readRegistration(wanted, "p", "s")).toThrow(
    `Resource "x" (${wanted.getType()}): ${what} is not supported by this engine; use Pulumi's CLI for it.`,
  );
});

test.each<[string, (wanted: Request) => unknown, string]>([
  ["an empty name", (wanted) => wanted.setName(""), 'a name must not be empty or hold "::"; got "".'],
  [
    "a name with ::",
    (wanted) => wanted.setName("a::b"),
    'a name must not be empty or hold "::"; got "a::b".',
  ],
  ["a type with ::", (wanted) => wanted.setType("a::b"), 'a type must be PACKAGE:MODULE:NAME; got "a::b".'],
  [
    "a timeout that is none",
    (wanted) =>
      wanted.setCustomtimeouts(new resourcePb.RegisterResourceRequest.CustomTimeouts().setUpdate("soon")),
    'customTimeouts.update: a timeout must be a duration like "10m" or "1h30m"; got "soon".',
  ],
  [
    "a property path that is none",
    (wanted) => wanted.addReplaceonchanges("a["),
    'replaceOnChanges: a property path must be names, [indexes], [*] and ["quoted names"]; got "a[", wrong from character 2 on.',
  ],
])("refuses %s with the rule and the value", (_, set, sentence) => {
  const wanted = request();
  set(wanted);
  expect(() => readRegistration(wanted, "p", "s")).toThrow(sentence);
});

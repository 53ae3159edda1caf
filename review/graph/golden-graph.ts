import { z } from "zod";
import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf, projectOf, stackOf, typeOf } from "../preview/urn.ts";
import { References } from "./references.ts";
import type { ResourceGraph } from "./resource-graph.ts";
import { readValue, steadyValues } from "./steady-values.ts";

const STACK_TYPE = "pulumi:pulumi:Stack";

const names = z.array(z.string());
const values = z.record(z.string(), z.unknown());

type Values = Record<string, unknown>;

/** A resource as the file has it: what is as usual goes without saying, and others are told of by name. */
const goldenResource = z.strictObject({
  component: z.literal(true).optional(),
  /** The parent's name; its type is in the identity. None: the stack. */
  parent: z.string().optional(),
  protect: z.literal(true).optional(),
  retainOnDelete: z.literal(true).optional(),
  inputs: values.optional(),
  /** By the input whose value comes from them. */
  from: z.record(z.string(), names).optional(),
  /** Beyond those. */
  dependsOn: names.optional(),
  formerly: names.optional(),
  outputs: values.optional(),
});
const goldenGraph = z.strictObject({
  stack: z.string(),
  project: z.string(),
  resources: z.record(z.string(), goldenResource),
});

/** A graph as text that is the same on every machine, and differs where the graph does and nowhere else. */
export function goldenOf({ stack, project, resources }: ResourceGraph): string {
  const references = new References(resources);
  const steady = steadyValues(resources);
  const told = (resource: ResourceState) => {
    const { urn, custom, parent, protect, retainOnDelete, inputs, outputs, aliases = [] } = resource;
    const own = parent !== undefined && typeOf(parent) !== STACK_TYPE && { parent: nameOf(parent) };
    const formerly = aliases.length > 0 && { formerly: aliases.map(identityOf).sort() };
    // What a component was given, its children have.
    if (!custom) {
      const told = typeOf(urn) === STACK_TYPE && hasAny(outputs) && { outputs: steady(outputs) as Values };
      return { component: true as const, ...own, ...formerly, ...told };
    }
    const from = references.sources(resource);
    const dependsOn = references.otherDependencies(resource);
    return {
      ...own,
      ...(protect && { protect }),
      ...(retainOnDelete && { retainOnDelete }),
      ...(hasAny(inputs) && { inputs: steady(inputs) as Values }),
      ...(hasAny(from) && { from }),
      ...(dependsOn.length > 0 && { dependsOn }),
      ...formerly,
    };
  };
  const byIdentity = resources.map((resource) => [identityOf(resource.urn), told(resource)] as const);
  byIdentity.sort(([left], [right]) => (left < right ? -1 : 1));
  return `${JSON.stringify({ stack, project, resources: Object.fromEntries(byIdentity) }, null, 2)}\n`;
}

/** Of what `goldenOf` wrote. Resources are in the order of their identities. */
export function readGolden(text: string): ResourceGraph {
  const { stack, project, resources: golden } = goldenGraph.parse(JSON.parse(text));
  const urnOf = (identity: string) => `urn:pulumi:${stack}::${project}::${identity}`;
  const entries = Object.entries(golden);
  const root = entries.find(([identity]) => identity.startsWith(`${STACK_TYPE}::`))?.[0];
  const bare = entries.map(([identity, { parent, component, protect, retainOnDelete, ...told }]) => {
    const urn = urnOf(identity);
    const ancestors = identity.split("::")[0]?.split("$").slice(0, -1).join("$");
    const parentIdentity = parent === undefined ? root : `${ancestors}::${parent}`;
    return {
      urn,
      type: typeOf(urn),
      custom: component !== true,
      ...(parentIdentity !== undefined && parentIdentity !== identity && { parent: urnOf(parentIdentity) }),
      protect: protect ?? false,
      retainOnDelete: retainOnDelete ?? false,
      inputs: readValue(told.inputs ?? {}) as ResourceState["inputs"],
      outputs: readValue(told.outputs ?? {}) as ResourceState["outputs"],
      aliases: (told.formerly ?? []).map(urnOf),
      dependencies: [],
      propertyDependencies: {},
      positions: [],
    };
  });
  const references = new References(bare);
  return {
    stack,
    project,
    resources: bare.map((resource) => {
      const { from = {}, dependsOn = [] } = golden[identityOf(resource.urn)] ?? {};
      return { ...resource, ...references.read(from, dependsOn) };
    }),
  };
}

/** What a resource is in every stack: its type under its ancestors' types, and its name. */
export function identityOf(urn: string): string {
  return urn.slice(`urn:pulumi:${stackOf(urn)}::${projectOf(urn)}::`.length);
}

function hasAny(properties: object): boolean {
  return Object.keys(properties).length > 0;
}

import type { PolicyResource } from "@pulumi/policy";
import type { ResourceGraph } from "../../graph/resource-graph.ts";
import { type ResourceState, UNKNOWN } from "../../preview/stack-preview.ts";
import { projectOf, stackOf } from "../../preview/urn.ts";

/** A stack as Pulumi's CLI hands it to a pack: what is to be known only later throws when it is read. */
export function graphOfPack(resources: readonly PolicyResource[]): ResourceGraph {
  const [first] = resources;
  return {
    stack: stackOf(first?.urn ?? ""),
    project: projectOf(first?.urn ?? ""),
    resources: resources.map(stateOf),
  };
}

function stateOf(resource: PolicyResource): ResourceState {
  const { urn, type, parent, opts, dependencies, propertyDependencies } = resource;
  return {
    urn,
    type,
    // Whatever a provider makes has one.
    custom: resource.provider !== undefined,
    // What is left to the provider is among them too, and no policy asks who chose.
    inputs: readable(resource.props) as ResourceState["inputs"],
    outputs: {},
    ...(parent && { parent: parent.urn }),
    protect: opts.protect,
    retainOnDelete: false,
    dependencies: dependencies.map((each) => each.urn),
    propertyDependencies: Object.fromEntries(
      Object.entries(propertyDependencies).map(([input, sources]) => [
        input,
        sources.map((each) => each.urn),
      ]),
    ),
    positions: [],
  };
}

function readable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const read = (key: string | number): unknown => {
    try {
      return readable((value as Record<string | number, unknown>)[key]);
    } catch (error) {
      if (error instanceof Error && error.constructor.name === "UnknownValueError") return UNKNOWN;
      throw error;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(index));
  return Object.fromEntries(Object.keys(value).map((name) => [name, read(name)]));
}

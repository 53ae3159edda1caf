import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readGolden } from "../graph/golden-graph.ts";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";

const GOLDEN = join(import.meta.dirname, "../../test/golden");

type Inputs = Readonly<Record<string, unknown>>;
/** Of what a program makes into what another would. */
export type Edit = (graph: ResourceGraph) => ResourceGraph;

/** Of `test/golden`. */
export function goldenGraph(stack: string): ResourceGraph {
  return readGolden(readFileSync(join(GOLDEN, `${stack}.json`), "utf8"));
}

/** @param label TYPE::NAME */
export function adding(
  label: string,
  inputs: Inputs,
  propertyDependencies: ResourceState["propertyDependencies"] = {},
): Edit {
  return (graph) => {
    const [type = "", name = ""] = label.split("::");
    const resource: ResourceState = {
      urn: `urn:pulumi:${graph.stack}::${graph.project}::${type}::${name}`,
      type,
      custom: true,
      inputs,
      outputs: {},
      protect: false,
      retainOnDelete: false,
      dependencies: [],
      propertyDependencies,
      positions: [],
    };
    return { ...graph, resources: [...graph.resources, resource] };
  };
}

export function changing(
  label: string,
  inputs: Inputs,
  references: ResourceState["propertyDependencies"] = {},
): Edit {
  return editing(label, (resource) => ({
    ...resource,
    inputs: { ...resource.inputs, ...inputs },
    propertyDependencies: { ...resource.propertyDependencies, ...references },
  }));
}

export function inside(label: string, input: string, change: Inputs): Edit {
  return editing(label, (resource) => ({
    ...resource,
    inputs: { ...resource.inputs, [input]: { ...(resource.inputs[input] as Inputs), ...change } },
  }));
}

function editing(label: string, edit: (resource: ResourceState) => ResourceState): Edit {
  return (graph) => {
    const found = graph.resources.filter((each) => isAt(each, label));
    if (found.length !== 1) throw new Error(`There are ${found.length} of ${label}.`);
    return { ...graph, resources: graph.resources.map((each) => (isAt(each, label) ? edit(each) : each)) };
  };
}

export function without(label: string): Edit {
  return (graph) => ({ ...graph, resources: graph.resources.filter((each) => !isAt(each, label)) });
}

function isAt({ urn, type }: ResourceState, label: string): boolean {
  return `${type}::${nameOf(urn)}` === label;
}

/** Of the only one of a type and name. */
export function urnIn({ resources }: ResourceGraph, label: string): string {
  const found = resources.find((each) => isAt(each, label));
  if (found === undefined) throw new Error(`There is no ${label}.`);
  return found.urn;
}

import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import type { ResourceGraph } from "./resource-graph.ts";

/** Finds resources of a graph by what they are, and by what refers to what. */
export class GraphIndex {
  readonly graph: ResourceGraph;
  readonly #byUrn: ReadonlyMap<string, ResourceState>;

  constructor(graph: ResourceGraph) {
    this.graph = graph;
    this.#byUrn = new Map(graph.resources.map((resource) => [resource.urn, resource]));
  }

  /** In the graph's order. */
  ofTypes(...types: readonly string[]): readonly ResourceState[] {
    return this.graph.resources.filter(({ type }) => types.includes(type));
  }

  /** What an input's value comes from, as far as it is of one of the types; of any, if none is named. */
  sourcesOf(
    { propertyDependencies }: ResourceState,
    input: string,
    ...types: readonly string[]
  ): readonly ResourceState[] {
    return (propertyDependencies[input] ?? []).flatMap((urn) => {
      const source = this.#byUrn.get(urn);
      return source && (types.length === 0 || types.includes(source.type)) ? [source] : [];
    });
  }

  /** Those of a type whose input's value comes from a resource. */
  referringTo({ urn }: ResourceState, type: string, input: string): readonly ResourceState[] {
    return this.ofTypes(type).filter(({ propertyDependencies }) =>
      propertyDependencies[input]?.includes(urn),
    );
  }
}

/** How sentences begin that are about a resource. */
export function subjectOf({ urn, type }: ResourceState): string {
  return `Resource "${nameOf(urn)}" (${type})`;
}

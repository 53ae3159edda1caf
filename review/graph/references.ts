import type { ResourceState } from "../preview/stack-preview.ts";
import { nameOf, projectOf, stackOf } from "../preview/urn.ts";

/** Stands behind a component's name for all that it makes. */
const ALL = "/*";

/** How resources of a graph are told of in one word, and found again. */
export class References {
  readonly #labels = new Map<string, string>();
  readonly #urns = new Map<string, string>();
  /** What a component's dependants wait for, by its label. */
  readonly #made = new Map<string, readonly string[]>();

  constructor(resources: readonly ResourceState[]) {
    const short = resources.map(({ urn, type }) => `${type}::${nameOf(urn)}`);
    for (const [index, { urn }] of resources.entries()) {
      const own = short[index] ?? "";
      const isUnique = short.indexOf(own) === short.lastIndexOf(own);
      const label = isUnique ? own : urn.slice(`urn:pulumi:${stackOf(urn)}::${projectOf(urn)}::`.length);
      this.#labels.set(urn, label);
      this.#urns.set(label, urn);
    }
    for (const component of resources.filter(({ custom, parent }) => !custom && parent !== undefined)) {
      this.#made.set(this.#labelOf(component.urn), madeBy(component.urn, resources));
    }
  }

  /** By the input whose value comes from them, if it comes from any. */
  sources({ propertyDependencies }: ResourceState): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      Object.entries(propertyDependencies)
        .filter(([, urns]) => urns.length > 0)
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([input, urns]) => [input, this.#labelsOf(urns)]),
    );
  }

  /** Whole components are one word: what comes to them is no news of each that waits for them. */
  otherDependencies({ dependencies, propertyDependencies }: ResourceState): readonly string[] {
    const told = new Set(Object.values(propertyDependencies).flat());
    const all = new Set(dependencies);
    const wholes = [...this.#made].filter(([, urns]) => urns.length > 1 && urns.every((urn) => all.has(urn)));
    const inWholes = new Set(wholes.flatMap(([, urns]) => urns));
    const largest = wholes.filter(
      ([label, urns]) =>
        urns.some((urn) => !told.has(urn)) &&
        !wholes.some(
          ([other, more]) =>
            other !== label && more.length > urns.length && urns.every((urn) => more.includes(urn)),
        ),
    );
    return [
      ...largest.map(([label]) => `${label}${ALL}`),
      ...this.#labelsOf(dependencies.filter((urn) => !told.has(urn) && !inWholes.has(urn))),
    ].sort();
  }

  read(
    from: Readonly<Record<string, readonly string[]>>,
    dependsOn: readonly string[],
  ): Pick<ResourceState, "dependencies" | "propertyDependencies"> {
    const propertyDependencies = Object.fromEntries(
      Object.entries(from).map(([input, labels]) => [input, labels.flatMap((label) => this.#find(label))]),
    );
    const others = dependsOn.flatMap((label) => this.#find(label));
    return {
      propertyDependencies,
      dependencies: [...new Set([...Object.values(propertyDependencies).flat(), ...others])],
    };
  }

  #find(label: string): readonly string[] {
    if (label.endsWith(ALL)) return this.#made.get(label.slice(0, -ALL.length)) ?? [];
    const urn = this.#urns.get(label);
    if (urn === undefined) throw new Error(`The graph has no "${label}".`);
    return [urn];
  }

  #labelOf(urn: string): string {
    return this.#labels.get(urn) ?? urn;
  }

  #labelsOf(urns: readonly string[]): readonly string[] {
    return [...new Set(urns.map((urn) => this.#labelOf(urn)))].sort();
  }
}

/** Providers' resources below a component, with components alone between. */
function madeBy(component: string, resources: readonly ResourceState[]): readonly string[] {
  return resources
    .filter(({ parent }) => parent === component)
    .flatMap(({ urn, custom }) => (custom ? [urn] : madeBy(urn, resources)));
}

import { parseReference, referenceOf } from "./provider-references.ts";
import type { ResourceRecord } from "./records.ts";

/** URNs of all that must exist while the resource does: its parent, what it depends on, its provider, what takes it along. */
export function neededBy(resource: ResourceRecord): readonly string[] {
  const { urn, parent, dependencies, provider, deletedWith } = resource;
  const needed = [parent, ...dependencies, deletedWith, provider === "" ? "" : parseReference(provider).urn];
  return needed.filter((other) => other !== "" && other !== urn);
}

/** The record with every reference to `from` made one to `to`; the same record if it has none. */
export function renamed(resource: ResourceRecord, from: string, to: string): ResourceRecord {
  if (!neededBy(resource).includes(from)) return resource;
  const rename = (urn: string): string => (urn === from ? to : urn);
  const { provider, propertyDependencies } = resource;
  const reference = provider === "" ? undefined : parseReference(provider);
  return {
    ...resource,
    parent: rename(resource.parent),
    dependencies: resource.dependencies.map(rename),
    propertyDependencies: Object.fromEntries(
      Object.entries(propertyDependencies).map(([name, urns]) => [name, urns.map(rename)]),
    ),
    deletedWith: rename(resource.deletedWith),
    provider: reference === undefined ? "" : referenceOf({ ...reference, urn: rename(reference.urn) }),
  };
}

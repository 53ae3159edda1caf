import type { ResourceRecord } from "./records.ts";

type Json = Readonly<Record<string, unknown>>;

/** What records of version 1 did not tell, as it was with every resource then. */
const SINCE_VERSION_2 = {
  deletedWith: "",
  additionalSecretOutputs: [],
  external: false,
  pendingReplacement: false,
} satisfies Partial<ResourceRecord>;

/** A state of an earlier version in the shape of the current one; anything else as it is. */
export function migrated(document: Json): Json {
  if (document.version !== 1) return document;
  return {
    ...document,
    version: 2,
    resources: listOf(document.resources).map(resourceFromVersion1),
    superseded: listOf(document.superseded).map(resourceFromVersion1),
    pending: listOf(document.pending).map(({ additionalSecretOutputs, ...pending }) => {
      const resource = resourceFromVersion1(pending.resource as Json);
      return { ...pending, resource: { ...resource, additionalSecretOutputs }, formerUrn: resource.urn };
    }),
  };
}

/** Which input a dependency went into was not recorded, so each may have gone into all. */
function resourceFromVersion1({ deleteTimeoutSeconds, ...resource }: Json): Json {
  const inputs = Object.keys((resource.inputs ?? {}) as Json);
  return {
    ...resource,
    ...SINCE_VERSION_2,
    propertyDependencies: Object.fromEntries(inputs.map((name) => [name, resource.dependencies])),
    timeouts: { create: 0, update: 0, delete: deleteTimeoutSeconds },
  };
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

import { withoutAssetText } from "./assets.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
import type { Properties } from "./values.ts";

/** A record of what the program wants; `state` is what the provider knows of it. */
export function recordOf(
  registration: Registration,
  state: { inputs: Properties; outputs: Properties; id: string; provider: string },
): ResourceRecord {
  const { urn, type, custom, parent, protect, retainOnDelete, deletedWith, timeouts } = registration;
  return {
    urn,
    type,
    custom,
    parent,
    dependencies: [...registration.dependencies],
    propertyDependencies: Object.fromEntries(
      Object.entries(registration.propertyDependencies).map(([name, urns]) => [name, [...urns]]),
    ),
    protect,
    retainOnDelete,
    deletedWith,
    additionalSecretOutputs: [...registration.additionalSecretOutputs],
    timeouts,
    external: false,
    pendingReplacement: false,
    deleting: false,
    unsettled: false,
    ...state,
  };
}

/** The record once the provider has answered: what it made, and of assets the hash alone. */
export function settledRecord(record: ResourceRecord, id: string, outputs: Properties): ResourceRecord {
  return { ...record, id, inputs: withoutAssetText(record.inputs), outputs: withoutAssetText(outputs) };
}

/** What most records have nothing to say about. */
export const UNREMARKABLE = {
  parent: "",
  dependencies: [],
  propertyDependencies: {},
  protect: false,
  retainOnDelete: false,
  deletedWith: "",
  additionalSecretOutputs: [],
  timeouts: { create: 0, update: 0, delete: 0 },
  external: false,
  pendingReplacement: false,
  deleting: false,
  unsettled: false,
} satisfies Partial<ResourceRecord>;

/** Bookkeeping about a package's default provider. */
export function providerRecord(urn: string, type: string, id: string, inputs: Properties): ResourceRecord {
  return { ...UNREMARKABLE, urn, type, custom: true, inputs, outputs: inputs, id, provider: "" };
}

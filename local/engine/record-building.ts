import { withoutAssetText } from "./assets.ts";
import type { ResourceRecord } from "./records.ts";
import type { Registration } from "./registration.ts";
import type { Properties } from "./values.ts";

/** A record of what the program wants; `state` is what the provider knows of it. */
export function recordOf(
  registration: Registration,
  state: { inputs: Properties; outputs: Properties; id: string; provider: string },
): ResourceRecord {
  const { urn, type, custom, parent, dependencies, protect, retainOnDelete, timeouts } = registration;
  return {
    urn,
    type,
    custom,
    parent,
    dependencies: [...dependencies],
    protect,
    retainOnDelete,
    deleteTimeoutSeconds: timeouts.delete,
    deleting: false,
    unsettled: false,
    ...state,
  };
}

/** The record once the provider has answered: what it made, and of assets the hash alone. */
export function settledRecord(record: ResourceRecord, id: string, outputs: Properties): ResourceRecord {
  return { ...record, id, inputs: withoutAssetText(record.inputs), outputs: withoutAssetText(outputs) };
}

/** Bookkeeping about a package's default provider. */
export function providerRecord(urn: string, packageName: string, inputs: Properties): ResourceRecord {
  return {
    urn,
    type: `pulumi:providers:${packageName}`,
    custom: true,
    parent: "",
    dependencies: [],
    protect: false,
    retainOnDelete: false,
    deleteTimeoutSeconds: 0,
    deleting: false,
    unsettled: false,
    inputs,
    outputs: {},
    id: "default",
    provider: "",
  };
}

import { z } from "zod";
import type { Value } from "./values.ts";

const properties = z
  .record(z.string(), z.unknown())
  .transform((value) => value as { readonly [name: string]: Value });

export const resourceRecord = z.strictObject({
  urn: z.string(),
  type: z.string(),
  /** Made by a provider, as opposed to a component. */
  custom: z.boolean(),
  /** Empty for components. */
  id: z.string(),
  parent: z.string(),
  /** What the provider's Check answered; for a component, what the program passed. */
  inputs: properties,
  outputs: properties,
  /** URNs that must exist before this and go after it. */
  dependencies: z.array(z.string()),
  /** Those of them that went into the value of an input, by its name. */
  propertyDependencies: z.record(z.string(), z.array(z.string())),
  /** `URN::ID` of the provider; empty for components. */
  provider: z.string(),
  protect: z.boolean(),
  retainOnDelete: z.boolean(),
  /** URN of a resource whose deletion takes this one with it; empty for none. */
  deletedWith: z.string(),
  additionalSecretOutputs: z.array(z.string()),
  /** Seconds; 0 is the provider's own. */
  timeouts: z.strictObject({ create: z.number(), update: z.number(), delete: z.number() }),
  /** Read, not made: it is never deleted. */
  external: z.boolean(),
  /** Deleted so that its replacement can be made, and that is still to do. */
  pendingReplacement: z.boolean(),
  /** A Delete was sent, and no answer recorded. */
  deleting: z.boolean(),
  /** The provider failed half-way: update it even if its inputs stay the same. */
  unsettled: z.boolean(),
});

/** A Create or Update that was sent, and whose answer is not recorded. */
export const pendingRecord = z.strictObject({
  op: z.enum(["create", "update"]),
  /** As it will be once the provider has answered; its outputs are those before. */
  resource: resourceRecord,
  /** The URN of the current record, which an alias takes over; otherwise the resource's own. */
  formerUrn: z.string(),
});

export const STATE_VERSION = 2;

export const stateDocument = z.strictObject({
  version: z.literal(STATE_VERSION),
  project: z.string(),
  stack: z.string(),
  /** The stack's name, encrypted: tells a wrong key from the right one even when nothing else is secret. */
  keyCheck: z.string(),
  /** Names this writing of the file, for the journal that continues it. */
  writing: z.string().default(""),
  /** Each after what it needs. */
  resources: z.array(resourceRecord),
  /** Replaced under the same URN by one of `resources`; deleted once nothing refers to them. */
  superseded: z.array(resourceRecord),
  pending: z.array(pendingRecord),
});

export type ResourceRecord = Readonly<z.infer<typeof resourceRecord>>;
export type PendingRecord = Readonly<z.infer<typeof pendingRecord>>;
export type StateDocument = z.infer<typeof stateDocument>;

export const STACK_TYPE = "pulumi:pulumi:Stack";

/** The last part of a URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

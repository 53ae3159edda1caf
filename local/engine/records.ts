import { z } from "zod";
import type { Value } from "./values.ts";

const properties = z
  .record(z.string(), z.unknown())
  .transform((value) => value as { readonly [name: string]: Value });

const resourceRecord = z.strictObject({
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
  /** `URN::ID` of the provider; empty for components. */
  provider: z.string(),
  protect: z.boolean(),
  retainOnDelete: z.boolean(),
  /** Seconds; 0 is the provider's own. */
  deleteTimeoutSeconds: z.number(),
  /** A Delete was sent, and no answer recorded. */
  deleting: z.boolean(),
  /** The provider failed half-way: update it even if its inputs stay the same. */
  unsettled: z.boolean(),
});

/** A Create or Update that was sent, and whose answer is not recorded. */
const pendingRecord = z.strictObject({
  op: z.enum(["create", "update"]),
  /** As it will be once the provider has answered; its outputs are those before. */
  resource: resourceRecord,
  additionalSecretOutputs: z.array(z.string()),
});

export const STATE_VERSION = 1;

export const stateDocument = z.strictObject({
  version: z.literal(STATE_VERSION),
  project: z.string(),
  stack: z.string(),
  /** The stack's name, encrypted: tells a wrong key from the right one even when nothing else is secret. */
  keyCheck: z.string(),
  resources: z.array(resourceRecord),
  /** Replaced under the same URN by one of `resources`; deleted once nothing refers to them. */
  superseded: z.array(resourceRecord),
  pending: z.array(pendingRecord),
});

export type ResourceRecord = Readonly<z.infer<typeof resourceRecord>>;
export type PendingRecord = Readonly<z.infer<typeof pendingRecord>>;
export type StateDocument = z.infer<typeof stateDocument>;

export const STACK_TYPE = "pulumi:pulumi:Stack";
const PROVIDER_TYPE_PREFIX = "pulumi:providers:";

/** A record of the engine's own about a default provider, not a resource of the program. */
export function isProviderRecord(resource: ResourceRecord): boolean {
  return resource.type.startsWith(PROVIDER_TYPE_PREFIX);
}

/** The last part of a URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

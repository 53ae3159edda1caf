import type { ResourceRecord } from "./records.ts";
import type { Properties } from "./values.ts";

/**
 * A resource as Pulumi writes it, in a stack's deployment and in the steps of a preview. What is empty or
 * false is left out.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go ResourceV3
 */
export interface DeployedResource {
  readonly urn: string;
  readonly custom: boolean;
  /** Replaced already, and to be deleted. */
  readonly delete?: true;
  readonly id?: string;
  readonly type: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
  readonly parent?: string;
  readonly protect?: true;
  readonly dependencies?: readonly string[];
  /** `URN::ID`. */
  readonly provider?: string;
  /** Seconds. */
  readonly customTimeouts?: { readonly create?: number; readonly update?: number; readonly delete?: number };
  readonly retainOnDelete?: true;
  /** Why it was made and does not work, as far as that was recorded: the next update sees to it. */
  readonly initErrors?: readonly string[];
  /** Read, not made. */
  readonly external?: true;
  /** Deleted already, and to be made again. */
  readonly pendingReplacement?: true;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly additionalSecretOutputs?: readonly string[];
  /** A URN. */
  readonly deletedWith?: string;
}

/** The record in Pulumi's shape. `shown` says how values, secrets among them, are written. */
export function deployedResource(
  record: ResourceRecord,
  shown: (properties: Properties) => Properties,
): DeployedResource {
  const { urn, custom, id, type, parent, dependencies, propertyDependencies, provider, deletedWith } = record;
  const timeouts = Object.entries(record.timeouts).filter(([, seconds]) => seconds > 0);
  const [inputs, outputs] = [shown(record.inputs), shown(record.outputs)];
  return {
    urn,
    custom,
    ...(id !== "" && { id }),
    type,
    ...(isFilled(inputs) && { inputs }),
    ...(isFilled(outputs) && { outputs }),
    ...(parent !== "" && { parent }),
    ...(record.protect && { protect: true }),
    ...(dependencies.length > 0 && { dependencies }),
    ...(provider !== "" && { provider }),
    ...(timeouts.length > 0 && { customTimeouts: Object.fromEntries(timeouts) }),
    ...(record.retainOnDelete && { retainOnDelete: true }),
    ...(record.unsettled && { initErrors: ["The provider failed half-way."] }),
    ...(record.external && { external: true }),
    ...(record.pendingReplacement && { pendingReplacement: true }),
    ...(Object.keys(propertyDependencies).length > 0 && { propertyDependencies }),
    ...(record.additionalSecretOutputs.length > 0 && {
      additionalSecretOutputs: record.additionalSecretOutputs,
    }),
    ...(deletedWith !== "" && { deletedWith }),
  };
}

function isFilled(properties: Properties): boolean {
  return Object.keys(properties).length > 0;
}

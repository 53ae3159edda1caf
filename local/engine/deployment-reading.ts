import { z } from "zod";
import { DEPLOYMENT_VERSION } from "./deployment.ts";
import { EngineRefusal, EXIT } from "./engine-refusal.ts";
import { defaultProviderUrn, parseReference, providedPackage, referenceOf } from "./provider-references.ts";
import { UNREMARKABLE } from "./record-building.ts";
import { nameOf, type ResourceRecord } from "./records.ts";
import type { GivenState } from "./stack-state.ts";
import {
  isProperties,
  isSecret,
  type Properties,
  rewriteProperties,
  SIGNATURE,
  secret,
  UNKNOWN,
  type Value,
} from "./values.ts";

/** @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go */
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

const properties = z.record(z.string(), z.unknown()).nullish();
const urns = z.array(z.string()).nullish();
const resourceSchema = z.looseObject({
  urn: z.string().regex(/^urn:pulumi:[^:]+::[^:]+::.+::.+$/, "must be a URN"),
  type: z.string(),
  custom: z.boolean(),
  delete: z.boolean().optional(),
  id: z.string().optional(),
  inputs: properties,
  outputs: properties,
  parent: z.string().optional(),
  protect: z.boolean().optional(),
  external: z.boolean().optional(),
  dependencies: urns,
  propertyDependencies: z.record(z.string(), urns).nullish(),
  provider: z.string().optional(),
  pendingReplacement: z.boolean().optional(),
  additionalSecretOutputs: z.array(z.string()).nullish(),
  customTimeouts: z
    .looseObject({
      create: z.number().optional(),
      update: z.number().optional(),
      delete: z.number().optional(),
    })
    .nullish(),
  retainOnDelete: z.boolean().optional(),
  deletedWith: z.string().optional(),
  initErrors: z.array(z.string()).nullish(),
});
const deploymentSchema = z.looseObject({
  version: z.literal(DEPLOYMENT_VERSION),
  /** A stack that never was updated has none. */
  deployment: z
    .looseObject({
      resources: z.array(resourceSchema).nullish(),
      pending_operations: z.array(z.unknown()).nullish(),
    })
    .nullish(),
});
type Exported = z.infer<typeof resourceSchema>;

export interface ReadDeployment extends GivenState {
  /** Secrets of which only the ciphertext is there: their values are unknown. */
  readonly encrypted: number;
  /** Operations that an update had begun and not finished. */
  readonly pending: number;
}

/**
 * Reads what `pulumi stack export` wrote, or `exportStack`.
 * @throws {EngineRefusal} when it is not that, or of another stack.
 */
export function readDeployment(text: string, project: string, stack: string): ReadDeployment {
  const { resources, pending_operations } = parsed(text).deployment ?? {};
  const exported = resources ?? [];
  for (const { urn } of exported) {
    const [, itsStack, itsProject] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(urn) ?? [];
    if (itsStack === stack && itsProject === project) continue;
    throw refusal(
      `must be of stack "${stack}" of project "${project}"; it is of "${itsStack}" of "${itsProject}".`,
    );
  }
  const reading = new Reading(exported, project, stack);
  const records = exported.map((resource) => ({ resource, record: reading.recordOf(resource) }));
  return {
    resources: records.filter(({ resource }) => !resource.delete).map(({ record }) => record),
    superseded: records.filter(({ resource }) => resource.delete).map(({ record }) => record),
    encrypted: reading.encrypted,
    pending: pending_operations?.length ?? 0,
  };
}

function parsed(text: string): z.infer<typeof deploymentSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refusal("must be JSON, as pulumi stack export writes it.", error);
  }
  const result = deploymentSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const got = (json as { version?: unknown } | null)?.version;
  throw refusal(
    issue?.path[0] === "version"
      ? `must be of version ${DEPLOYMENT_VERSION}; got ${JSON.stringify(got)}.`
      : `is none of pulumi stack export: ${issue?.path.join(".")} ${issue?.message}.`,
    result.error,
  );
}

class Reading {
  encrypted = 0;
  /** References of default providers, which Pulumi names by their version, to what they are here. */
  readonly #defaults = new Map<string, { readonly urn: string; readonly id: string }>();
  readonly #defaultUrns = new Map<string, string>();

  constructor(exported: readonly Exported[], project: string, stack: string) {
    for (const { urn, type, id = "" } of exported) {
      const packageName = providedPackage(type);
      if (packageName === undefined || !/^default(_|$)/.test(nameOf(urn))) continue;
      const own = defaultProviderUrn(stack, project, packageName);
      // Of several versions the last one stands for all: there is one here.
      for (const [reference, known] of this.#defaults) {
        if (known.urn === own) this.#defaults.set(reference, { urn: own, id });
      }
      this.#defaults.set(referenceOf({ urn, id }), { urn: own, id });
      this.#defaultUrns.set(urn, own);
    }
  }

  recordOf(resource: Exported): ResourceRecord {
    const { urn, type, custom, id = "", provider = "", customTimeouts } = resource;
    const known = provider === "" ? undefined : this.#defaults.get(referenceOf(parseReference(provider)));
    return {
      ...UNREMARKABLE,
      urn: this.#defaultUrns.get(urn) ?? urn,
      type,
      custom,
      id,
      provider: known === undefined ? provider : referenceOf(known),
      inputs: this.#values(resource.inputs),
      outputs: this.#values(resource.outputs),
      parent: resource.parent ?? "",
      dependencies: resource.dependencies ?? [],
      propertyDependencies: Object.fromEntries(
        Object.entries(resource.propertyDependencies ?? {}).map(([name, needed]) => [name, needed ?? []]),
      ),
      protect: resource.protect ?? false,
      external: resource.external ?? false,
      retainOnDelete: resource.retainOnDelete ?? false,
      deletedWith: resource.deletedWith ?? "",
      pendingReplacement: resource.pendingReplacement ?? false,
      unsettled: (resource.initErrors ?? []).length > 0,
      additionalSecretOutputs: resource.additionalSecretOutputs ?? [],
      timeouts: {
        create: customTimeouts?.create ?? 0,
        update: customTimeouts?.update ?? 0,
        delete: customTimeouts?.delete ?? 0,
      },
    };
  }

  #values(exported: Exported["inputs"]): Properties {
    return rewriteProperties((exported ?? {}) as Properties, (value) => this.#signed(value));
  }

  /** A secret whose value is encrypted is a secret whose value is unknown. */
  #signed(value: Value): Value | undefined {
    if (isSecret(value)) {
      const { plaintext, ciphertext } = value as Properties;
      if (typeof plaintext === "string") return secret(JSON.parse(plaintext) as Value);
      if (typeof ciphertext !== "string") throw refusal("holds a secret without plaintext or ciphertext.");
      this.encrypted += 1;
      return secret(UNKNOWN);
    }
    if (!isProperties(value) || value[SIGNATURE] !== RESOURCE_REFERENCE) return undefined;
    return typeof value.id === "string" ? value.id : String(value.urn);
  }
}

function refusal(reason: string, cause?: unknown): EngineRefusal {
  return new EngineRefusal(`The exported state ${reason}`, { cause, exitCode: EXIT.stateUnusable });
}

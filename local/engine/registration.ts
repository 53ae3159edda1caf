import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { durationSeconds } from "./durations.ts";
import { EngineRefusal } from "./engine-refusal.ts";
import { parsePath } from "./property-paths.ts";
import { urnOf } from "./urns.ts";
import { fromStruct, type Properties } from "./values.ts";

/** What the program wants of one resource, its options checked. */
export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly custom: boolean;
  readonly inputs: Properties;
  readonly dependencies: readonly string[];
  /** Those of them that went into the value of an input, by its name. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URN of a resource whose deletion takes this one with it; empty for none. */
  readonly deletedWith: string;
  /** Property paths of inputs that keep their old values. */
  readonly ignoreChanges: readonly string[];
  /** Property paths whose change replaces the resource. */
  readonly replaceOnChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  readonly aliases: readonly AliasOption[];
  /** Seconds; 0 leaves it to the provider. */
  readonly timeouts: { readonly create: number; readonly update: number; readonly delete: number };
  /** Undefined leaves it to the provider. */
  readonly deleteBeforeReplace: boolean | undefined;
  /** `URN::ID` of an explicit provider; empty for the default one, and for components. */
  readonly provider: string;
}

/** What a resource was before: a whole URN, or what of its identity was another. */
export type AliasOption =
  | { readonly urn: string }
  | {
      readonly name?: string;
      readonly type?: string;
      /** URN; empty for a resource without a parent. */
      readonly parent?: string;
      readonly project?: string;
      readonly stack?: string;
    };

/** @throws {EngineRefusal} naming the resource and the option that this engine does not have. */
export function readRegistration(
  request: RegisterResourceRequest,
  project: string,
  stack: string,
): Registration {
  const name = request.getName();
  const type = request.getType();
  const parent = request.getParent();
  const subject = `Resource "${name}" (${type})`;
  checkIdentity(name, type, subject);
  refuseUnsupported(request, subject);
  const custom = request.getCustom();
  const timeouts = request.getCustomtimeouts();
  const propertyDependencies = Object.fromEntries(
    [...request.getPropertydependenciesMap().entries()]
      .map(([property, dependencies]) => [property, dependencies.getUrnsList().toSorted()] as const)
      .filter(([, urns]) => urns.length > 0),
  );
  const dependencies = new Set([
    ...request.getDependenciesList(),
    ...Object.values(propertyDependencies).flat(),
  ]);
  return {
    urn: urnOf(stack, project, parent, type, name),
    type,
    name,
    parent,
    custom,
    inputs: fromStruct(request.getObject()),
    dependencies: [...dependencies].sort(),
    propertyDependencies,
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deletedWith: request.getDeletedwith(),
    ignoreChanges: paths(request.getIgnorechangesList(), `${subject}, ignoreChanges`),
    replaceOnChanges: paths(request.getReplaceonchangesList(), `${subject}, replaceOnChanges`),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: [
      ...request.getAliasurnsList().map((urn) => ({ urn })),
      ...request.getAliasesList().map(aliasOption),
    ],
    timeouts: {
      create: durationSeconds(timeouts?.getCreate() ?? "", `${subject}, customTimeouts.create`),
      update: durationSeconds(timeouts?.getUpdate() ?? "", `${subject}, customTimeouts.update`),
      delete: durationSeconds(timeouts?.getDelete() ?? "", `${subject}, customTimeouts.delete`),
    },
    deleteBeforeReplace: request.getDeletebeforereplacedefined()
      ? request.getDeletebeforereplace()
      : undefined,
    provider: custom ? request.getProvider() : "",
  };
}

/** @throws {EngineRefusal} when a URN cannot be made of them. */
export function checkIdentity(name: string, type: string, subject: string): void {
  if (name === "" || name.includes("::")) {
    throw new EngineRefusal(`${subject}: a name must not be empty or hold "::"; got "${name}".`);
  }
  if (!/^[^:$]+(:[^:$]+){1,2}$/.test(type)) {
    throw new EngineRefusal(`${subject}: a type must be PACKAGE:MODULE:NAME; got "${type}".`);
  }
}

function refuseUnsupported(request: RegisterResourceRequest, subject: string): void {
  const unsupported: Readonly<Record<string, boolean>> = {
    "a remote component": request.getRemote(),
    "a parameterized package": request.getPackageref() !== "",
    "the option import": request.getImportid() !== "",
    "the option replaceWith": request.getReplaceWithList().length > 0,
    "the option replacementTrigger": request.hasReplacementTrigger(),
    "the option hideDiffs": request.getHidediffsList().length > 0,
    "the option transforms": request.getTransformsList().length > 0,
    "the option hooks": request.hasHooks(),
    "the option stateMigrations": request.getStateMigrationsList().length > 0,
    "the option envVarMappings": request.getEnvvarmappingsMap().getLength() > 0,
  };
  for (const [option, used] of Object.entries(unsupported)) {
    if (used) throw unsupportedBy(subject, option);
  }
}

/** The paths as they came, each seen to be one. */
function paths(texts: readonly string[], subject: string): readonly string[] {
  for (const text of texts) {
    try {
      parsePath(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new EngineRefusal(`${subject}: ${error.message}.`, { cause: error });
    }
  }
  return texts;
}

export function unsupportedBy(subject: string, what: string): EngineRefusal {
  return new EngineRefusal(`${subject}: ${what} is not supported by this engine; use Pulumi's CLI for it.`);
}

function aliasOption(alias: Alias): AliasOption {
  const spec = alias.getSpec();
  if (spec === undefined) return { urn: alias.getUrn() };
  const parent = spec.getNoparent() ? "" : spec.getParenturn() || undefined;
  return {
    ...(spec.getName() !== "" && { name: spec.getName() }),
    ...(spec.getType() !== "" && { type: spec.getType() }),
    ...(parent !== undefined && { parent }),
    ...(spec.getProject() !== "" && { project: spec.getProject() }),
    ...(spec.getStack() !== "" && { stack: spec.getStack() }),
  };
}

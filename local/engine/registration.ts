import type { Alias } from "@pulumi/pulumi/proto/alias_pb.js";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { durationSeconds } from "./durations.ts";
import { EngineRefusal } from "./engine-refusal.ts";
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
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** Names of top-level inputs that keep their old values. */
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  /** URNs that this resource may have had. */
  readonly formerUrns: readonly string[];
  /** Seconds; 0 leaves it to the provider. */
  readonly timeouts: { readonly create: number; readonly update: number; readonly delete: number };
  readonly deleteBeforeReplace: boolean;
}

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
  if (name === "" || name.includes("::")) {
    throw new EngineRefusal(`${subject}: a name must not be empty or hold "::"; got "${name}".`);
  }
  if (!/^[^:$]+(:[^:$]+){1,2}$/.test(type)) {
    throw new EngineRefusal(`${subject}: a type must be PACKAGE:MODULE:NAME; got "${type}".`);
  }
  refuseUnsupported(request, subject);
  const timeouts = request.getCustomtimeouts();
  const dependencies = new Set(request.getDependenciesList());
  for (const [, property] of request.getPropertydependenciesMap().entries()) {
    for (const urn of property.getUrnsList()) dependencies.add(urn);
  }
  return {
    urn: urnOf(stack, project, parent, type, name),
    type,
    name,
    parent,
    custom: request.getCustom(),
    inputs: fromStruct(request.getObject()),
    dependencies: [...dependencies].sort(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    ignoreChanges: request.getIgnorechangesList(),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    formerUrns: request
      .getAliasesList()
      .map((alias) => formerUrn(alias, { project, stack, parent, type, name })),
    timeouts: {
      create: durationSeconds(timeouts?.getCreate() ?? "", `${subject}, customTimeouts.create`),
      update: durationSeconds(timeouts?.getUpdate() ?? "", `${subject}, customTimeouts.update`),
      delete: durationSeconds(timeouts?.getDelete() ?? "", `${subject}, customTimeouts.delete`),
    },
    deleteBeforeReplace: request.getDeletebeforereplace(),
  };
}

function refuseUnsupported(request: RegisterResourceRequest, subject: string): void {
  const unsupported: Readonly<Record<string, boolean>> = {
    "an explicit provider": request.getProvider() !== "" || request.getType().startsWith("pulumi:providers:"),
    "the option providers": request.getProvidersMap().getLength() > 0,
    "a remote component": request.getRemote(),
    "a parameterized package": request.getPackageref() !== "",
    "the option import": request.getImportid() !== "",
    "the option replaceOnChanges": request.getReplaceonchangesList().length > 0,
    "the option replaceWith": request.getReplaceWithList().length > 0,
    "the option replacementTrigger": request.hasReplacementTrigger(),
    "the option deletedWith": request.getDeletedwith() !== "",
    "the option hideDiffs": request.getHidediffsList().length > 0,
    "the option transforms": request.getTransformsList().length > 0,
    "the option hooks": request.hasHooks(),
    "the option stateMigrations": request.getStateMigrationsList().length > 0,
    "the option envVarMappings": request.getEnvvarmappingsMap().getLength() > 0,
  };
  for (const [option, used] of Object.entries(unsupported)) {
    if (used) throw unsupportedBy(subject, option);
  }
  for (const path of request.getIgnorechangesList()) {
    if (!/^[A-Za-z_$][\w$]*$/.test(path)) {
      throw unsupportedBy(
        subject,
        `ignoreChanges with a path ("${path}"; names of top-level properties are)`,
      );
    }
  }
}

export function unsupportedBy(subject: string, what: string): EngineRefusal {
  return new EngineRefusal(`${subject}: ${what} is not supported by this engine; use Pulumi's CLI for it.`);
}

function formerUrn(
  alias: Alias,
  own: { project: string; stack: string; parent: string; type: string; name: string },
): string {
  const spec = alias.getSpec();
  if (spec === undefined) return alias.getUrn();
  const parent = spec.getNoparent() ? "" : spec.getParenturn() || own.parent;
  return urnOf(
    spec.getStack() || own.stack,
    spec.getProject() || own.project,
    parent,
    spec.getType() || own.type,
    spec.getName() || own.name,
  );
}

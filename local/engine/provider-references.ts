import { EngineRefusal } from "./engine-refusal.ts";
import type { ResourceRecord } from "./records.ts";

const TYPE_PREFIX = "pulumi:providers:";
const DEFAULT_NAME = "default";

/** `URN::ID`, as a resource names its provider. In a preview the id of a new one is unknown. */
export interface ProviderReference {
  readonly urn: string;
  readonly id: string;
}

/** @throws {EngineRefusal} */
export function parseReference(text: string): ProviderReference {
  const at = text.lastIndexOf("::");
  if (at < 0 || !text.startsWith("urn:")) {
    throw new EngineRefusal(`A provider's reference must be URN::ID; got "${text}".`);
  }
  return { urn: text.slice(0, at), id: text.slice(at + 2) };
}

export function referenceOf({ urn, id }: ProviderReference): string {
  return `${urn}::${id}`;
}

export function providerType(packageName: string): string {
  return `${TYPE_PREFIX}${packageName}`;
}

/** The package of which a resource of this type is a provider, if it is one. */
export function providedPackage(type: string): string | undefined {
  return type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : undefined;
}

/** The URN of a package's default provider, which has no parent. */
export function defaultProviderUrn(stack: string, project: string, packageName: string): string {
  return `urn:pulumi:${stack}::${project}::${providerType(packageName)}::${DEFAULT_NAME}`;
}

/** Whether it is the default provider of a package, named as this engine does or as Pulumi's, which adds a version. */
export function isDefaultReference(reference: string): boolean {
  return /^urn:pulumi:[^:]*::[^:]*::pulumi:providers:[^:$]+::default(_[^:]*)?::/.test(reference);
}

/** A record of the engine's own about a default provider, not a resource of the program. */
export function isDefaultProvider({ urn, type, parent }: ResourceRecord): boolean {
  return parent === "" && providedPackage(type) !== undefined && urn.endsWith(`::${type}::${DEFAULT_NAME}`);
}

import type { CloudResource } from "../kernel/contract.ts";
import type { Kind, ResourceHolder } from "./kind.ts";
import { ProviderError } from "./provider-error.ts";

/** Remembers an id whose resource is deleted, and that its service gives to no other. */
export function noteSpent({ token }: Kind, { id, urn }: CloudResource, { kernel }: ResourceHolder): void {
  kernel.resources.put({ kind: spent(token), id, urn, properties: {} });
}

/** @throws {ProviderError} ALREADY_EXISTS for an id that a deleted resource had. */
export function refuseSpent({ token, idOutlives = "" }: Kind, id: string, { kernel }: ResourceHolder): void {
  if (!kernel.resources.get(spent(token), id)) return;
  throw new ProviderError(
    "ALREADY_EXISTS",
    `Error 409: ${token} "${id}" already exists: what is deleted keeps its name for good (${idOutlives}).`,
  );
}

function spent(token: string): string {
  return `${token} deleted`;
}

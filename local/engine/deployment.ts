import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type DeployedResource, deployedResource } from "./deployed-resource.ts";
import { providedPackage, referenceOf } from "./provider-references.ts";
import type { ResourceRecord } from "./records.ts";
import { StackState } from "./stack-state.ts";
import { isSecret, type Properties, rewriteProperties, SECRET, SIGNATURE } from "./values.ts";

export const DEPLOYMENT_VERSION = 3;
const ENGINE_VERSION = "local-engine";

export interface PendingOperation {
  readonly resource: DeployedResource;
  readonly type: "creating" | "updating" | "deleting";
}

/**
 * A stack's state as `pulumi stack export` writes it.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go UntypedDeployment, DeploymentV3
 */
export interface Deployment {
  readonly version: typeof DEPLOYMENT_VERSION;
  readonly deployment: {
    /** `magic` is the SHA-256 of `version`, by which Pulumi knows a manifest that nobody changed. */
    readonly manifest: { readonly time: string; readonly magic: string; readonly version: string };
    /** Who encrypted the secrets. No such provider is Pulumi's: its CLI can import a state with open secrets alone. */
    readonly secrets_providers?: { readonly type: string };
    /** Each after what it needs. */
    readonly resources: readonly DeployedResource[];
    readonly pending_operations?: readonly PendingOperation[];
    readonly metadata: Readonly<Record<string, never>>;
  };
}

/**
 * What a stack consists of, as the last update left it; `undefined` if it never was.
 * @param showSecrets In the clear, as JSON. @default false, encrypted with the state folder's key
 * @throws {EngineRefusal} when the state cannot be read.
 */
export function exportStack(
  stateDir: string,
  stack: string,
  { showSecrets = false }: { showSecrets?: boolean | undefined } = {},
): Deployment | undefined {
  if (!StackState.exists(stateDir, stack)) return undefined;
  const state = StackState.read(resolve(stateDir), stack);
  const shown = showSecrets ? withOpenSecrets : (properties: Properties) => state.seal(properties);
  const deployed = (record: ResourceRecord): DeployedResource => deployedResource(record, shown);
  const superseded = new Set(state.superseded);
  const deleting = [...state.resources, ...state.superseded].filter((record) => record.deleting);
  const pending: readonly PendingOperation[] = [
    ...state.pending.map(({ op, resource }): PendingOperation => {
      return { resource: deployed(resource), type: op === "create" ? "creating" : "updating" };
    }),
    ...deleting.map((record): PendingOperation => ({ resource: deployed(record), type: "deleting" })),
  ];
  return {
    version: DEPLOYMENT_VERSION,
    deployment: {
      manifest: {
        time: statSync(state.path).mtime.toISOString(),
        magic: createHash("sha256").update(ENGINE_VERSION).digest("hex"),
        version: ENGINE_VERSION,
      },
      ...(!showSecrets && { secrets_providers: { type: "local-state-folder" } }),
      resources: inOrder(state).map(
        (record): DeployedResource =>
          superseded.has(record) ? { ...deployed(record), delete: true } : deployed(record),
      ),
      ...(pending.length > 0 && { pending_operations: pending }),
      metadata: {},
    },
  };
}

/** The superseded last, but for providers: Pulumi wants each before the first resource that refers to it. */
function inOrder({ resources, superseded }: StackState): readonly ResourceRecord[] {
  const isProvider = ({ type }: ResourceRecord): boolean => providedPackage(type) !== undefined;
  const ordered = [...resources, ...superseded.filter((record) => !isProvider(record))];
  for (const provider of superseded.filter(isProvider)) {
    const reference = referenceOf(provider);
    const at = ordered.findIndex((record) => record.provider === reference);
    ordered.splice(at < 0 ? ordered.length : at, 0, provider);
  }
  return ordered;
}

function withOpenSecrets(properties: Properties): Properties {
  return rewriteProperties(properties, (value) =>
    isSecret(value) ? { [SIGNATURE]: SECRET, plaintext: JSON.stringify(value.value) } : undefined,
  );
}

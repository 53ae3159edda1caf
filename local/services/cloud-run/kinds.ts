import { createHash } from "node:crypto";
import { isProperties, listed, type Properties, text, UNKNOWN } from "../../../review/rules/values.ts";
import type { CloudResource, Kernel } from "../../kernel/contract.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { Draft, KindEntry } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { toStored } from "../../provider/stored.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { ACCOUNT_KIND } from "../iam/account-kind.ts";
import { customerKeys } from "../kms/customer-keys.ts";
import type { CloudRun } from "./contract.ts";
import { RevisionHistory } from "./revision-history.ts";
import { SERVICE_RULES } from "./rules.ts";
import { claimUri } from "./run-uri.ts";
import { parseService, SERVICE_KIND, type ServiceSettings } from "./service-settings.ts";
import { unsupportedInService } from "./unsupported.ts";

interface Parts {
  readonly kernel: Kernel;
  readonly run: CloudRun;
}

const KEYS = customerKeys([
  {
    at: "template.encryptionKey",
    agent: "serverless-robot-prod",
    placeOf: ({ location }) => location,
    source: "https://cloud.google.com/run/docs/securing/using-cmek",
  },
]);

const service: KindEntry<Parts> = {
  token: SERVICE_KIND,
  ...KEYS,
  references: {
    ...KEYS.references,
    "template.serviceAccount": [ACCOUNT_KIND],
    "template.containers[].envs[].valueSource.secretKeyRef.secret": ["gcp:secretmanager/secret:Secret"],
    "template.containers[].sourceCode.cloudStorageSource.bucket": ["gcp:storage/bucket:Bucket"],
  },
  autoname: {
    property: "name",
    maxLength: 49,
    lowerCase: true,
    source: "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services",
  },
  defaults: () => ({ deletionProtection: true }),
  assigned: {
    ingress: "INGRESS_TRAFFIC_ALL",
    launchStage: "GA",
  },
  rules: SERVICE_RULES,
  unsupported: unsupportedInService,
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/services/${text(inputs, "name")}`,
  outputs: serviceOutputs,
  volatile: [
    "conditions",
    "generation",
    "latestCreatedRevision",
    "latestReadyRevision",
    "lastModifier",
    "observedGeneration",
    "reconciling",
    "terminalConditions",
    "trafficStatuses",
  ],
  ready: (id, { run }) => run.ready(id),
  remove: refuseProtected,
};

export const RUN_KINDS = googleKinds(import.meta.dirname, ["run.googleapis.com"], [service]);

function serviceOutputs({ inputs, id, urn, previous, now }: Draft, { kernel }: Parts): Properties {
  const uri = claimUri(id, id, kernel);
  const generation = String(Number(previous?.properties.generation ?? 0) + 1);
  const revision = `${id}/revisions/${revisionOf(id, { ...inputs, uri }, urn, kernel)}`;
  const actor = `${projectNumber(text(inputs, "project"))}@cloudservices.gserviceaccount.com`;
  const condition = (type: string) => ({
    type,
    state: "CONDITION_SUCCEEDED",
    lastTransitionTime: now,
    message: "",
    reason: "",
    executionReason: "",
    revisionReason: "",
    severity: "",
  });
  return {
    uri,
    urls: [uri],
    uid: createHash("sha256")
      .update(`uid ${id}`)
      .digest("hex")
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5"),
    generation,
    observedGeneration: generation,
    latestCreatedRevision: revision,
    latestReadyRevision: revision,
    reconciling: false,
    creator: actor,
    lastModifier: actor,
    deleteTime: "",
    expireTime: "",
    conditions: [condition("RoutesReady"), condition("ConfigurationsReady")],
    terminalConditions: [condition("Ready")],
    trafficStatuses: trafficStatuses(inputs, uri),
  };
}

function trafficStatuses(inputs: Properties, uri: string): readonly Properties[] {
  const targets = listed(inputs, "traffics").filter(isProperties);
  const latest: Properties = { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 };
  return (targets.length > 0 ? targets : [latest]).map(({ type, percent, revision, tag }) => ({
    type,
    percent: percent ?? 0,
    revision: revision ?? "",
    tag: tag ?? "",
    uri: tag === UNKNOWN ? UNKNOWN : tag ? uri.replace("https://", `https://${tag}---`) : "",
  }));
}

/** The name that Cloud Run will give the revision. @throws {ProviderError} for what it would not serve. */
function revisionOf(id: string, properties: Properties, urn: string, { db }: Kernel): string {
  let settings: ServiceSettings;
  try {
    settings = parseService({ kind: SERVICE_KIND, id, urn, properties: toStored(properties) });
  } catch (error) {
    throw new ProviderError("INVALID_ARGUMENT", error instanceof Error ? error.message : String(error));
  }
  return new RevisionHistory(db).nameOf(id, settings.template);
}

function refuseProtected({ id, properties }: CloudResource): void {
  if (properties.deletionProtection === false) return;
  throw new ProviderError(
    "FAILED_PRECONDITION",
    `Service "${id}" cannot be deleted: deletionProtection must be false; got ${JSON.stringify(properties.deletionProtection)}. Set it and run up first.`,
  );
}

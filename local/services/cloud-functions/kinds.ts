import { nested, type Properties, text, UNKNOWN } from "../../../review/rules/values.ts";
import type { Kernel } from "../../kernel/contract.ts";
import { PermissionDenied } from "../../kernel/refusals.ts";
import type { Draft, KindEntry } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { toStored } from "../../provider/stored.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import { FUNCTION_KIND, serviceOf, toService } from "../cloud-run/function-service.ts";
import { claimUri } from "../cloud-run/run-uri.ts";
import { parseService, SERVICE_KIND } from "../cloud-run/service-settings.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { ACCOUNT_KIND } from "../iam/account-kind.ts";
import type { ObjectStorage } from "../storage/contract.ts";
import { FUNCTION_RULES, FUNCTIONS } from "./rules.ts";
import { unsupportedInFunction } from "./unsupported.ts";

/** What a function is built from and runs on. */
interface Parts {
  readonly kernel: Kernel;
  readonly run: CloudRun;
  readonly storage: ObjectStorage;
}

/** What the API fills in. @see https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions */
const SERVICE_DEFAULTS = {
  allTrafficOnLatestRevision: true,
  availableCpu: "0.1666",
  availableMemory: "256M",
  ingressSettings: "ALLOW_ALL",
  maxInstanceCount: 100,
  maxInstanceRequestConcurrency: 1,
  minInstanceCount: 0,
  timeoutSeconds: 60,
} as const;

const cloudFunction: KindEntry<Parts> = {
  token: FUNCTION_KIND,
  autoname: { property: "name", maxLength: 63, source: FUNCTIONS },
  rules: FUNCTION_RULES,
  unsupported: unsupportedInFunction,
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/functions/${text(inputs, "name")}`,
  references: {
    "buildConfig.dockerRepository": ["gcp:artifactregistry/repository:Repository"],
    "buildConfig.serviceAccount": [ACCOUNT_KIND],
    "buildConfig.source.storageSource.bucket": ["gcp:storage/bucket:Bucket"],
    "serviceConfig.secretEnvironmentVariables[].secret": ["gcp:secretmanager/secret:Secret"],
    "eventTrigger.serviceAccountEmail": [ACCOUNT_KIND],
    "serviceConfig.serviceAccountEmail": [ACCOUNT_KIND],
  },
  inner: {
    buildConfig: { build: UNKNOWN, dockerRepository: UNKNOWN, entryPoint: UNKNOWN },
    serviceConfig: { gcfUri: UNKNOWN, service: UNKNOWN, uri: UNKNOWN, ...SERVICE_DEFAULTS },
  },
  outputs: functionOutputs,
  volatile: ["buildConfig.build", "state"],
  ready: (id, { run }) => run.ready(serviceOf(FUNCTION_KIND, id) ?? id),
};

/** A function is built, kept as an image, and then runs as a Cloud Run service. */
const SERVICES = [
  "cloudfunctions.googleapis.com",
  "cloudbuild.googleapis.com",
  "artifactregistry.googleapis.com",
  "run.googleapis.com",
];

export const CLOUD_FUNCTION_KINDS = googleKinds(import.meta.dirname, SERVICES, [cloudFunction]);

function functionOutputs({ id, urn, inputs }: Draft, parts: Parts): Properties {
  const service = serviceOf(FUNCTION_KIND, id) ?? id;
  const other = parts.kernel.resources.get(SERVICE_KIND, service);
  if (other) throw new ProviderError("ALREADY_EXISTS", `Error 409: ${service} belongs to ${other.urn}.`);
  build(inputs, parts);
  const [name, location] = [text(inputs, "name"), text(inputs, "location")];
  const uri = claimUri(service, id, parts.kernel);
  const url = `https://${location}-${lastSegment(projectId(inputs))}.cloudfunctions.net/${name}`;
  const outputs = {
    environment: "GEN_2",
    state: "ACTIVE",
    url,
    buildConfig: {
      entryPoint: name,
      dockerRepository: repositoryOf(inputs),
      ...nested(inputs, "buildConfig"),
      build: `${projectId(inputs)}/locations/${location}/builds/local`,
    },
    serviceConfig: { ...SERVICE_DEFAULTS, ...nested(inputs, "serviceConfig"), service, uri, gcfUri: url },
  };
  try {
    parseService(
      toService({ kind: FUNCTION_KIND, id, urn, properties: toStored({ ...inputs, ...outputs }) }),
    );
  } catch (error) {
    throw new ProviderError("INVALID_ARGUMENT", error instanceof Error ? error.message : String(error));
  }
  return outputs;
}

/** What Cloud Build needs, asked for as its account: the source, a place for the image, and its log. */
function build(inputs: Properties, { kernel, storage }: Parts): void {
  const config = nested(inputs, "buildConfig");
  const account = { email: lastSegment(text(config, "serviceAccount")) };
  const source = nested(nested(config, "source"), "storageSource");
  const [bucket, object] = [text(source, "bucket"), text(source, "object")];
  if (!storage.find(bucket, object)) {
    throw new ProviderError("INVALID_ARGUMENT", `Error 400: there is no source gs://${bucket}/${object}.`);
  }
  try {
    kernel.iam.require(account, "storage.objects.get", `buckets/${bucket}`);
    kernel.iam.require(account, "artifactregistry.repositories.uploadArtifacts", repositoryOf(inputs));
    kernel.iam.require(account, "logging.logEntries.create", projectId(inputs));
  } catch (error) {
    if (!(error instanceof PermissionDenied)) throw error;
    throw new ProviderError("PERMISSION_DENIED", `Error 403: the build failed: ${error.message}`);
  }
}

function repositoryOf(inputs: Properties): string {
  const { dockerRepository } = nested(inputs, "buildConfig");
  if (typeof dockerRepository === "string") return dockerRepository;
  return `${projectId(inputs)}/locations/${text(inputs, "location")}/repositories/gcf-artifacts`;
}

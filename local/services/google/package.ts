import { isIP } from "node:net";
import type { Kernel } from "../../kernel/contract.ts";
import type { Kind } from "../../provider/kind.ts";
import type { Package, Reference } from "../../provider/package.ts";
import { ARTIFACT_REGISTRY_KINDS } from "../artifact-registry/kinds.ts";
import { CERTIFICATE_KINDS } from "../certificate-manager/kinds.ts";
import { CLOUD_FUNCTION_KINDS } from "../cloud-functions/kinds.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import { RUN_KINDS } from "../cloud-run/kinds.ts";
import { DNS_KINDS } from "../dns/kinds.ts";
import { FEDERATION_KINDS } from "../iam/federation-kinds.ts";
import { IAM_MEMBER_KINDS } from "../iam/iam-members.ts";
import { SERVICE_ACCOUNT_KINDS } from "../iam/service-accounts.ts";
import { KEY_KIND } from "../kms/customer-keys.ts";
import { KMS_KINDS } from "../kms/kinds.ts";
import { COMPUTE_KINDS } from "../load-balancing/kinds.ts";
import { LOGGING_KINDS } from "../logging/kinds.ts";
import { MONITORING_KINDS } from "../monitoring/kinds.ts";
import { PUBSUB_KINDS } from "../pubsub/kinds.ts";
import { SCHEDULER_KINDS } from "../scheduler/kinds.ts";
import { SECRET_KINDS } from "../secret-manager/kinds.ts";
import { SERVICE_USAGE_KINDS } from "../service-usage/kinds.ts";
import { BUCKET_KIND } from "../storage/bucket-settings.ts";
import type { ObjectStorage } from "../storage/contract.ts";
import { STORAGE_KINDS } from "../storage/kinds.ts";
import { GCP_FUNCTIONS } from "./functions.ts";
import { projectIn, projectOf } from "./names.ts";
import { refersTo } from "./references.ts";

/** What its kinds act on, beside what they only write down. */
export interface GcpParts {
  readonly kernel: Kernel;
  readonly run: CloudRun;
  readonly storage: ObjectStorage;
}

/** Every kind of `@pulumi/gcp` that somebody wrote. */
export const GCP_KINDS: readonly Kind<GcpParts>[] = [
  ...ARTIFACT_REGISTRY_KINDS,
  ...CERTIFICATE_KINDS,
  ...CLOUD_FUNCTION_KINDS,
  ...COMPUTE_KINDS,
  ...DNS_KINDS,
  ...FEDERATION_KINDS,
  ...IAM_MEMBER_KINDS,
  ...KMS_KINDS,
  ...LOGGING_KINDS,
  ...MONITORING_KINDS,
  ...PUBSUB_KINDS,
  ...RUN_KINDS,
  ...SCHEDULER_KINDS,
  ...SECRET_KINDS,
  ...SERVICE_ACCOUNT_KINDS,
  ...SERVICE_USAGE_KINDS,
  ...STORAGE_KINDS,
];

export const GCP: Package<GcpParts> = {
  name: "gcp",
  kinds: GCP_KINDS,
  settings: {
    read: ["project", "region", "zone"],
    access:
      /^(accessToken|credentials|impersonateServiceAccount\w*|billingProject|userProjectOverride|scopes|requestTimeout|requestReason|skipRegionValidation|disableGlobalProjectWarning|\w+CustomEndpoint)$/,
  },
  functions: GCP_FUNCTIONS,
  isElsewhere,
};

/** What stands where a kind that is written here could: groups of instances and endpoints, and backends that are buckets. */
const OTHER_KINDS =
  /\/(backendBuckets|instanceGroups|zones\/[^/]+\/networkEndpointGroups|global\/networkEndpointGroups)\//;

/** What is another project's, or anybody's as buckets are, need not be the program's. */
function isElsewhere({ kinds, name, from, config, local, existing }: Reference): boolean {
  if (!local && existing.some((other) => refersTo(name, other) || refersTo(other, name))) return true;
  if (OTHER_KINDS.test(name)) return true;
  if (kinds.includes(KEY_KIND) && !name.startsWith("projects/")) return true;
  if (isIP(name) !== 0 || (kinds.includes(BUCKET_KIND) && !local)) return true;
  return projectIn(name, projectOf(from)) !== config.project;
}

import type { Kind } from "../../provider/kind.ts";
import { ARTIFACT_REGISTRY_KINDS } from "../artifact-registry/kinds.ts";
import { CERTIFICATE_KINDS } from "../certificate-manager/kinds.ts";
import { CLOUD_FUNCTION_KINDS } from "../cloud-functions/kinds.ts";
import { RUN_KINDS } from "../cloud-run/kinds.ts";
import { DNS_KINDS } from "../dns/kinds.ts";
import { IAM_MEMBER_KINDS } from "../iam/iam-members.ts";
import { SERVICE_ACCOUNT_KINDS } from "../iam/service-accounts.ts";
import { KMS_KINDS } from "../kms/kinds.ts";
import { COMPUTE_KINDS } from "../load-balancing/kinds.ts";
import { LOGGING_KINDS } from "../logging/kinds.ts";
import { MONITORING_KINDS } from "../monitoring/kinds.ts";
import { PUBSUB_KINDS } from "../pubsub/kinds.ts";
import { SCHEDULER_KINDS } from "../scheduler/kinds.ts";
import { SECRET_KINDS } from "../secret-manager/kinds.ts";
import { SERVICE_USAGE_KINDS } from "../service-usage/kinds.ts";
import { STORAGE_KINDS } from "../storage/kinds.ts";

/** Every kind of `@pulumi/gcp` that somebody wrote. */
export const GCP_KINDS: readonly Kind[] = [
  ...ARTIFACT_REGISTRY_KINDS,
  ...CERTIFICATE_KINDS,
  ...CLOUD_FUNCTION_KINDS,
  ...COMPUTE_KINDS,
  ...DNS_KINDS,
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

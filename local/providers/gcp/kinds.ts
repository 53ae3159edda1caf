import { FACTS } from "../facts.ts";
import type { Kind } from "../kind.ts";
import { labels } from "../rules/labels.ts";
import { cite } from "../rules/rule.ts";
import { ARTIFACT_REGISTRY_KINDS } from "./artifact-registry.ts";
import { CERTIFICATE_KINDS } from "./certificates.ts";
import { CLOUD_FUNCTION_KINDS } from "./cloud-functions.ts";
import { COMPUTE_KINDS } from "./compute.ts";
import { DNS_KINDS } from "./dns.ts";
import { IAM_MEMBER_KINDS } from "./iam-members.ts";
import { IDENTITY_KINDS } from "./identity.ts";
import { KMS_KINDS } from "./kms.ts";
import { LOGGING_KINDS } from "./logging.ts";
import { MONITORING_KINDS } from "./monitoring.ts";
import { PUBSUB_KINDS } from "./pubsub.ts";
import { RUN_KINDS } from "./run.ts";
import { SCHEDULER_KINDS } from "./scheduler.ts";
import { SECRET_KINDS } from "./secrets.ts";
import { servicesOf } from "./services.ts";
import { STORAGE_KINDS } from "./storage.ts";

const LABELS = cite("https://cloud.google.com/resource-manager/docs/labels-overview#requirements", {
  labels: labels(),
});

/** Every kind of `@pulumi/gcp` that somebody wrote. */
export const GCP_KINDS: readonly Kind[] = completed([
  ...ARTIFACT_REGISTRY_KINDS,
  ...CERTIFICATE_KINDS,
  ...CLOUD_FUNCTION_KINDS,
  ...COMPUTE_KINDS,
  ...DNS_KINDS,
  ...IAM_MEMBER_KINDS,
  ...IDENTITY_KINDS,
  ...KMS_KINDS,
  ...LOGGING_KINDS,
  ...MONITORING_KINDS,
  ...PUBSUB_KINDS,
  ...RUN_KINDS,
  ...SCHEDULER_KINDS,
  ...SECRET_KINDS,
  ...STORAGE_KINDS,
]);

/** Adds what all kinds share: the services that they are made with, and the rules of labels. */
function completed(kinds: readonly Kind[]): readonly Kind[] {
  return kinds.map((kind) => ({
    ...kind,
    services: servicesOf(kind.token),
    rules: [...(kind.rules ?? []), ...(FACTS[kind.token]?.computed.includes("pulumiLabels") ? [LABELS] : [])],
  }));
}

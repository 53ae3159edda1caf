import { type CitedRules, cite, ofText, type Rule } from "../../../review/rules/rule.ts";
import { isSlip } from "../../../review/rules/text.ts";

/**
 * What is enabled in every new project, among what kinds need.
 *
 * @see https://cloud.google.com/service-usage/docs/enabled-service#default
 */
export const ENABLED_BY_DEFAULT = [
  "bigquery.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];

/** Those that kinds are made with, and more: a typing slip leads from no service to another, but from IAM to IAP. */
const KNOWN = [
  ...ENABLED_BY_DEFAULT,
  "artifactregistry.googleapis.com",
  "certificatemanager.googleapis.com",
  "cloudbuild.googleapis.com",
  "cloudfunctions.googleapis.com",
  "cloudkms.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "cloudscheduler.googleapis.com",
  "compute.googleapis.com",
  "dns.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "iap.googleapis.com",
  "pubsub.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
];

export const SERVICE_IDENTITY_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/iam/docs/service-agents", {
    service: serviceName(),
  }),
];

export const SERVICE_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/service-usage/docs/reference/rest/v1/services", {
    service: serviceName(),
  }),
];

/** A service by its whole name. Of all that Google has, those named above are known. */
function serviceName(): Rule {
  return ofText((name) => {
    if (!/^[a-z0-9-]+\.googleapis\.com$/.test(name)) {
      return "must be a service's whole name, NAME.googleapis.com";
    }
    const meant = KNOWN.includes(name) ? undefined : KNOWN.find((known) => isSlip(name, known));
    return meant && `must be a service of Google Cloud, as ${meant} is`;
  });
}

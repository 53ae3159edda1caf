import type { WorkloadChoice } from "../serverless/hosted-workload.ts";

const SERVICES = [
  "certificatemanager.googleapis.com",
  "cloudkms.googleapis.com",
  // Grants in the project itself are its.
  "cloudresourcemanager.googleapis.com",
  "cloudscheduler.googleapis.com",
  "compute.googleapis.com",
  "dns.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "pubsub.googleapis.com",
  "run.googleapis.com",
  "secretmanager.googleapis.com",
  "storage.googleapis.com",
] as const;
/** What turns sources into functions. */
const SERVICES_OF_FUNCTIONS = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "cloudfunctions.googleapis.com",
] as const;

/** Google's services that a `CertificatePlatform` of these workloads needs its foundation to enable. */
export function requiredServices(workloads: Readonly<Record<string, WorkloadChoice>>): readonly string[] {
  const hasFunctions = Object.values(workloads).some(({ packaging }) => packaging?.kind === "function");
  return [...SERVICES, ...(hasFunctions ? SERVICES_OF_FUNCTIONS : [])];
}

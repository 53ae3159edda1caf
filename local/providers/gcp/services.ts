/**
 * What is enabled in every new project, among what kinds need.
 *
 * @see https://cloud.google.com/service-usage/docs/enabled-service#default
 */
const ENABLED_BY_DEFAULT = [
  "bigquery.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];

/** The APIs that the provider calls, by the module of the SDK, or by the token where a kind differs. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  artifactregistry: ["artifactregistry.googleapis.com"],
  bigquery: ["bigquery.googleapis.com"],
  certificatemanager: ["certificatemanager.googleapis.com"],
  // A function is built, kept as an image, and then runs as a Cloud Run service.
  cloudfunctionsv2: [
    "cloudfunctions.googleapis.com",
    "cloudbuild.googleapis.com",
    "artifactregistry.googleapis.com",
    "run.googleapis.com",
  ],
  cloudrunv2: ["run.googleapis.com"],
  cloudscheduler: ["cloudscheduler.googleapis.com"],
  compute: ["compute.googleapis.com"],
  dns: ["dns.googleapis.com"],
  iam: ["iam.googleapis.com"],
  kms: ["cloudkms.googleapis.com"],
  logging: ["logging.googleapis.com"],
  monitoring: ["monitoring.googleapis.com"],
  pubsub: ["pubsub.googleapis.com"],
  secretmanager: ["secretmanager.googleapis.com"],
  serviceaccount: ["iam.googleapis.com"],
  storage: ["storage.googleapis.com"],
  "gcp:projects/iAMMember:IAMMember": ["cloudresourcemanager.googleapis.com"],
  "gcp:projects/service:Service": ["serviceusage.googleapis.com"],
  "gcp:projects/serviceIdentity:ServiceIdentity": ["serviceusage.googleapis.com"],
};

/**
 * The services that have to be enabled in a project before a resource of the kind can be made.
 *
 * @throws {Error} for a module that nobody wrote down here.
 */
export function servicesOf(token: string): readonly string[] {
  const services = SERVICES[token] ?? SERVICES[/^gcp:(\w+)\//.exec(token)?.[1] ?? ""];
  if (!services) throw new Error(`gcp/services.ts must say which service ${token} is made with.`);
  return services.filter((service) => !ENABLED_BY_DEFAULT.includes(service));
}

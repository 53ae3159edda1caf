import { ofText, type Rule } from "../../../review/rules/rule.ts";

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

/** A typing slip leads from no service to another, but from IAM to IAP. */
const KNOWN = [
  ...ENABLED_BY_DEFAULT,
  ...Object.values(SERVICES).flat(),
  "iamcredentials.googleapis.com",
  "iap.googleapis.com",
];

/**
 * The services that have to be enabled in a project before a resource of the kind can be made.
 *
 * @throws {Error} for a module that nobody wrote down here.
 */
export function servicesOf(token: string): readonly string[] {
  const services = SERVICES[token] ?? SERVICES[/^gcp:(\w+)\//.exec(token)?.[1] ?? ""];
  if (!services) throw new Error(`service-usage/services.ts must say which service ${token} is made with.`);
  return services.filter((service) => !ENABLED_BY_DEFAULT.includes(service));
}

/** A service by its whole name. Of all that Google has, those that kinds are made with are known. */
export function serviceName(): Rule {
  return ofText((name) => {
    if (!/^[a-z0-9-]+\.googleapis\.com$/.test(name)) {
      return "must be a service's whole name, NAME.googleapis.com";
    }
    const meant = KNOWN.includes(name) ? undefined : KNOWN.find((known) => isSlip(name, known));
    return meant && `must be a service of Google Cloud, as ${meant} is`;
  });
}

/** Whether one letter is wrong, too many, missing, or has changed places with the next. */
function isSlip(text: string, meant: string): boolean {
  let from = 0;
  while (from < meant.length && text[from] === meant[from]) from += 1;
  const rest = (word: string, skipped: number) => word.slice(from + skipped);
  return (
    rest(text, 1) === rest(meant, 1) ||
    rest(text, 1) === rest(meant, 0) ||
    rest(text, 0) === rest(meant, 1) ||
    (text[from] === meant[from + 1] && text[from + 1] === meant[from] && rest(text, 2) === rest(meant, 2))
  );
}

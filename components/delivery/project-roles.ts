import type { Access } from "./access.ts";

/** A role in the project, and which kinds of resources of the program need it. */
export interface ProjectRole {
  /** Type tokens begin so, `gcp:pubsub/`. */
  readonly kinds: readonly string[];
  readonly why: string;
  /** Holds where the role does not extend to what keeps the deployer in bounds. */
  readonly except?: "state bucket" | "state key";
  /** The only roles that whoever has this one may grant. */
  readonly grants?: readonly string[];
}

const GRANTS = [
  "gcp:artifactregistry/repositoryIamMember:",
  "gcp:cloudrunv2/serviceIamMember:",
  "gcp:kms/cryptoKeyIAMMember:",
  "gcp:projects/iAMMember:",
  "gcp:pubsub/subscriptionIAMMember:",
  "gcp:pubsub/topicIAMMember:",
  "gcp:secretmanager/secretIamMember:",
  "gcp:serviceaccount/iAMMember:",
  "gcp:storage/bucketIAMMember:",
];

/**
 * What each access may do in the project, by role: no basic role among them, and nothing of federation, so that no
 * workflow can widen what workflows may do. Which permissions a role has: https://cloud.google.com/iam/docs/roles-permissions
 */
export const PROJECT_ROLES: Readonly<Record<Access, Readonly<Record<string, ProjectRole>>>> = {
  // The engine compares with the state, and asks Google for nothing.
  preview: {},
  drift: {
    "roles/artifactregistry.reader": { kinds: ["gcp:artifactregistry/repository:"], why: "repositories" },
    "roles/certificatemanager.viewer": {
      kinds: ["gcp:certificatemanager/"],
      why: "the origin's certificates",
    },
    "roles/cloudfunctions.viewer": { kinds: ["gcp:cloudfunctionsv2/"], why: "functions" },
    "roles/cloudkms.viewer": {
      kinds: ["gcp:kms/keyRing:", "gcp:kms/cryptoKey:"],
      why: "keys, not what they encrypt",
    },
    "roles/cloudscheduler.viewer": { kinds: ["gcp:cloudscheduler/"], why: "jobs" },
    "roles/compute.viewer": { kinds: ["gcp:compute/"], why: "the load balancer" },
    "roles/dns.reader": { kinds: ["gcp:dns/"], why: "the zone" },
    "roles/iam.securityReviewer": { kinds: GRANTS, why: "who may do what, on every resource" },
    "roles/iam.serviceAccountViewer": { kinds: ["gcp:serviceaccount/account:"], why: "accounts" },
    "roles/logging.viewer": { kinds: ["gcp:logging/"], why: "metrics made of logs" },
    "roles/monitoring.viewer": {
      kinds: ["gcp:monitoring/"],
      why: "alerts, channels, dashboards, objectives",
    },
    "roles/pubsub.viewer": {
      kinds: ["gcp:pubsub/topic:", "gcp:pubsub/subscription:"],
      why: "topics and subscriptions",
    },
    "roles/run.viewer": { kinds: ["gcp:cloudrunv2/service:"], why: "services" },
    "roles/secretmanager.secretAccessor": {
      kinds: ["gcp:secretmanager/secretVersion:"],
      why: "the provider reads a version whole, its payload too",
    },
    "roles/secretmanager.viewer": { kinds: ["gcp:secretmanager/secret:"], why: "secrets" },
    "roles/serviceusage.serviceUsageViewer": {
      kinds: ["gcp:projects/service"],
      why: "which services are on",
    },
    "roles/storage.bucketViewer": { kinds: ["gcp:storage/bucket:"], why: "buckets" },
    "roles/storage.objectViewer": { kinds: ["gcp:storage/bucketObject:"], why: "the workloads' bundles" },
  },
  deploy: {
    "roles/artifactregistry.admin": {
      kinds: ["gcp:artifactregistry/"],
      why: "the functions' repository, and who writes to it",
    },
    // An editor creates there, and deletes nothing.
    "roles/certificatemanager.owner": {
      kinds: ["gcp:certificatemanager/"],
      why: "the origin's certificates",
    },
    "roles/cloudfunctions.developer": {
      kinds: ["gcp:cloudfunctionsv2/"],
      why: "functions, their sources and builds",
    },
    "roles/cloudkms.admin": {
      kinds: ["gcp:kms/"],
      why: "the backups' key and who uses it; not the state's",
      except: "state key",
    },
    "roles/cloudscheduler.admin": { kinds: ["gcp:cloudscheduler/"], why: "jobs" },
    "roles/compute.loadBalancerAdmin": {
      kinds: [
        "gcp:compute/backendService:",
        "gcp:compute/global",
        "gcp:compute/region",
        "gcp:compute/sSLPolicy:",
        "gcp:compute/target",
        "gcp:compute/uRLMap:",
      ],
      why: "the load balancer and its address",
    },
    "roles/compute.securityAdmin": {
      kinds: ["gcp:compute/securityPolicy:"],
      why: "who may call the load balancer",
    },
    "roles/dns.admin": { kinds: ["gcp:dns/"], why: "the zone and its records" },
    "roles/iam.serviceAccountAdmin": {
      kinds: ["gcp:serviceaccount/"],
      why: "the workloads' accounts, and who acts as them",
    },
    // Not on each account, since deploying makes them; and whoever administers accounts could grant it to himself.
    "roles/iam.serviceAccountUser": {
      kinds: [
        "gcp:cloudrunv2/service:",
        "gcp:cloudfunctionsv2/",
        "gcp:cloudscheduler/",
        "gcp:pubsub/subscription:",
      ],
      why: "whoever deploys what runs, is pushed or called as an account must be allowed to act as it",
    },
    "roles/logging.configWriter": { kinds: ["gcp:logging/"], why: "metrics made of logs" },
    "roles/monitoring.alertPolicyEditor": { kinds: ["gcp:monitoring/alertPolicy:"], why: "alerts" },
    "roles/monitoring.dashboardEditor": { kinds: ["gcp:monitoring/dashboard:"], why: "dashboards" },
    "roles/monitoring.notificationChannelEditor": {
      kinds: ["gcp:monitoring/notificationChannel:"],
      why: "who is told",
    },
    "roles/monitoring.servicesEditor": {
      kinds: ["gcp:monitoring/customService:", "gcp:monitoring/slo:"],
      why: "objectives",
    },
    "roles/pubsub.admin": { kinds: ["gcp:pubsub/"], why: "topics, subscriptions, and who uses them" },
    "roles/resourcemanager.projectIamAdmin": {
      kinds: ["gcp:projects/iAMMember:"],
      why: "what the functions' builder may do in the project, and no other role",
      grants: ["roles/logging.logWriter", "roles/storage.objectViewer"],
    },
    "roles/run.admin": { kinds: ["gcp:cloudrunv2/"], why: "services, and who calls them" },
    "roles/secretmanager.admin": {
      kinds: ["gcp:secretmanager/"],
      why: "secrets, their versions, and who reads them",
    },
    "roles/serviceusage.serviceUsageAdmin": {
      kinds: ["gcp:projects/service"],
      why: "services that the program turns on, and their agents",
    },
    "roles/storage.admin": {
      kinds: ["gcp:storage/"],
      why: "buckets, bundles, and who uses them; not the state's",
      except: "state bucket",
    },
  },
};

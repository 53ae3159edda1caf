import { ofText, type Rule } from "../rule.ts";
import { isSlip } from "../text.ts";

const BASIC = ["admin", "browser", "editor", "owner", "reader", "viewer", "writer"];
/** What Google has for about every service. */
const COMMON = ["admin", "editor", "viewer"];
/** The other roles of the services that programs grant on here. @see https://cloud.google.com/iam/docs/roles-permissions */
const PREDEFINED = rolesOf({
  artifactregistry: `attachmentReader attachmentWriter containerRegistryMigrationAdmin createOnPushRepoAdmin
    createOnPushWriter reader repoAdmin serviceAgent writer`,
  certificatemanager: "owner serviceAgent",
  cloudbuild: `builds.approver builds.builder builds.editor builds.viewer connectionAdmin connectionViewer
    integrations.editor integrations.owner integrations.viewer integrationsEditor integrationsOwner
    integrationsViewer loggingServiceAgent readTokenAccessor serviceAgent tokenAccessor workerPoolEditor
    workerPoolOwner workerPoolUser workerPoolViewer`,
  cloudfunctions: "developer invoker serviceAgent",
  cloudkms: `autokeyAdmin autokeyUser cryptoKeyDecrypter cryptoKeyDecrypterViaDelegation cryptoKeyEncrypter
    cryptoKeyEncrypterDecrypter cryptoKeyEncrypterDecrypterViaDelegation cryptoKeyEncrypterViaDelegation
    cryptoOperator decapsulator ekmConnectionsAdmin expertPQC expertRawAesCbc expertRawAesCtr expertRawPKCS1
    hsmSingleTenantExecutor hsmSingleTenantKeyCreator hsmSingleTenantProposer hsmSingleTenantQuorumMember importer
    keyAccessJustificationsEnrollmentConfigAdmin keyAccessJustificationsPolicyConfigAdmin
    keyAccessJustificationsPolicyConfigReader orgServiceAgent protectedResourcesViewer publicKeyViewer serviceAgent
    signer signerVerifier verifier`,
  cloudscheduler: "jobRunner serviceAgent",
  dns: "peer reader serviceAgent",
  logging: `bucketWriter configWriter fieldAccessor linkViewer logWriter privateLogViewer serviceAgent
    sqlAlertWriter viewAccessor`,
  monitoring: `alertPolicyEditor alertPolicyViewer alertViewer cloudConsoleIncidentEditor
    cloudConsoleIncidentViewer dashboardEditor dashboardViewer groupEditor groupViewer metricWriter
    metricsScopesAdmin metricsScopesViewer notificationChannelEditor notificationChannelViewer
    notificationServiceAgent servicesEditor servicesViewer snoozeEditor snoozeViewer uptimeCheckConfigEditor
    uptimeCheckConfigViewer`,
  pubsub: "publisher schemaAdmin schemaEditor schemaViewer serviceAgent subscriber",
  run: `builder developer invoker jobsExecutor jobsExecutorWithOverrides serviceAgent servicesInvoker
    sourceDeveloper sourceViewer`,
  secretmanager: "secretAccessor secretVersionAdder secretVersionManager serviceAgent",
  storage: `bucketViewer expressModeServiceInput expressModeServiceOutput expressModeUserAccess folderAdmin
    hmacKeyAdmin insightsCollectorService legacyBucketOwner legacyBucketReader legacyBucketWriter legacyObjectOwner
    legacyObjectReader objectAdmin objectCreator objectUser objectViewer`,
});

/** Services of which not all roles are written down here: a slip is told from one of these, and from nothing else. */
const SOME = rolesOf({
  aiplatform: "serviceAgent user",
  batch: "agentReporter jobsAdmin jobsEditor jobsViewer",
  bigquery: `connectionAdmin connectionUser dataEditor dataOwner dataViewer filteredDataViewer jobUser metadataViewer
    readSessionUser resourceAdmin resourceEditor resourceViewer user`,
  cloudsql: "client instanceUser",
  cloudtasks: "enqueuer queueAdmin taskDeleter taskRunner",
  cloudtrace: "agent user",
  compute: `imageUser instanceAdmin instanceAdmin.v1 loadBalancerAdmin loadBalancerServiceUser networkAdmin networkUser
    networkViewer osAdminLogin osLogin securityAdmin storageAdmin`,
  container:
    "clusterAdmin clusterViewer defaultNodeServiceAccount developer hostServiceAgentUser nodeServiceAccount",
  datastore: "owner user",
  errorreporting: "user writer",
  eventarc: "developer eventReceiver publisher serviceAgent",
  iam: `organizationRoleAdmin roleAdmin roleViewer securityAdmin securityReviewer serviceAccountAdmin
    serviceAccountCreator serviceAccountDeleter serviceAccountKeyAdmin serviceAccountOpenIdTokenCreator
    serviceAccountTokenCreator serviceAccountUser serviceAccountViewer workloadIdentityPoolAdmin
    workloadIdentityPoolViewer workloadIdentityUser`,
  iap: "httpsResourceAccessor settingsAdmin tunnelResourceAccessor",
  resourcemanager:
    "folderAdmin organizationAdmin projectCreator projectDeleter projectIamAdmin tagAdmin tagUser tagViewer",
  serviceusage: "serviceUsageAdmin serviceUsageConsumer serviceUsageViewer",
  spanner: "backupWriter databaseAdmin databaseReader databaseUser",
  vpcaccess: "user",
  workflows: "invoker",
});
/** What people call services that roles know by another name. */
const MEANT: Readonly<Record<string, string>> = {
  cloudrun: "run",
  cloudstorage: "storage",
  gcs: "storage",
  cloudpubsub: "pubsub",
  cloudlogging: "logging",
  cloudmonitoring: "monitoring",
  clouddns: "dns",
  kms: "cloudkms",
  secrets: "secretmanager",
  functions: "cloudfunctions",
  scheduler: "cloudscheduler",
  gke: "container",
  serviceaccount: "iam",
};
/** What permissions end in, `storage.objects.get`, and roles do not. */
const PERMISSION =
  /^[^.]+\.[A-Za-z]+\.(access|actAs|cancel|connect|consume|create|delete|disable|enable|export|get|getAccessToken|getData|getIamPolicy|getOpenIdToken|import|invoke|list|patch|publish|restore|run|setIamPolicy|signBlob|signJwt|undelete|update|updateData|use|useToDecrypt|useToEncrypt)$/;

/**
 * A predefined role that Google has. Of a service that isn't written down here any may be one, unless it looks like a
 * slip; and so may any of one's own.
 */
export function predefinedRole(): Rule {
  return ofText((role) => {
    const [, service, name = ""] = /^roles\/(?:([^.]+)\.)?(.+)$/.exec(role) ?? [];
    if (name === "") return undefined;
    if (service === undefined) {
      return BASIC.includes(name)
        ? undefined
        : `must be a role of Google's: those without a service are ${BASIC.join(", ")}`;
    }
    if (PERMISSION.test(`${service}.${name}`))
      return `must be a role, and ${service}.${name} is a permission: a role of one's own can hold it`;
    const names = PREDEFINED.get(service);
    if (names) {
      return names.includes(name)
        ? undefined
        : `must be a role of Google's: those of ${service} are ${names.join(", ")}`;
    }
    const some = SOME.get(service);
    const meant = some ? slipFrom(name, some) : meantService(service);
    return (
      meant &&
      `must be a role of Google's, as roles/${some ? `${service}.${meant}` : `${meant}.${name}`} may be`
    );
  });
}

function meantService(service: string): string | undefined {
  return MEANT[service.toLowerCase()] ?? slipFrom(service, [...PREDEFINED.keys(), ...SOME.keys()]);
}

/** What is meant by a word that is none of these. */
function slipFrom(word: string, known: readonly string[]): string | undefined {
  if (known.includes(word)) return undefined;
  return known.find((other) => other.toLowerCase() === word.toLowerCase() || isSlip(word, other));
}

function rolesOf(services: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(services).map(([service, names]) => [service, [...COMMON, ...names.split(/\s+/)]]),
  );
}

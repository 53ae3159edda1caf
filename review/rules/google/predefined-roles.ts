import { ofText, type Rule } from "../rule.ts";

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

/**
 * A predefined role that Google has. Of a service that isn't written down here any may be one, and so may
 * any of one's own.
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
    const names = PREDEFINED.get(service);
    return !names || names.includes(name)
      ? undefined
      : `must be a role of Google's: those of ${service} are ${names.join(", ")}`;
  });
}

function rolesOf(services: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  return new Map(
    Object.entries(services).map(([service, names]) => [service, [...COMMON, ...names.split(/\s+/)]]),
  );
}

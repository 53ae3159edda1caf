/**
 * What a grant permits that the platform cannot do without, by the name under which the program makes it: each is taken
 * away by `test/grants.deep.test.ts`, which sees who is refused and what waits until it is back. One without a play
 * there does not compile.
 */
export const TAKEN_AWAY = {
  "certs-validation-publisher-api": "pubsub.topics.publish",
  "certs-registry-writers-api": "storage.objects.get",
  "certs-registry-writers-validator": "storage.objects.get",
  "certs-registry-writers-issuer": "storage.objects.create",
  "certs-challenges-readers-proxy": "storage.objects.get",
  "certs-challenges-writers-validator": "storage.objects.create",
  "certs-challenges-writers-issuer": "storage.objects.create",
  "certs-backup-creators-operator": "storage.objects.create",
  "certs-backup-importer-operator": "cloudkms.cryptoKeyVersions.useToEncrypt",
  "certs-backup-appenders-issuer-create": "storage.objects.create",
  "certs-backup-appenders-issuer-view": "storage.objects.get",
  "certs-backup-keeper-issuer": "cloudkms.cryptoKeyVersions.useToEncrypt",
  "certs-issuing-publisher-validator": "pubsub.topics.publish",
  "certs-issuing-publisher-api": "pubsub.topics.publish",
  "certs-fastly-reader-validator": "secretmanager.versions.access",
  "certs-fastly-reader-issuer": "secretmanager.versions.access",
  "certs-domain-validator-invoker-pusher": "run.routes.invoke",
  "certs-cert-issuer-invoker-pusher": "run.routes.invoke",
  "certs-domain-validator-signer": "iam.serviceAccounts.getOpenIdToken",
  "certs-cert-issuer-signer": "iam.serviceAccounts.getOpenIdToken",
  "certs-domain-validator-dead-publisher": "pubsub.topics.publish",
  "certs-cert-issuer-dead-publisher": "pubsub.topics.publish",
  "certs-domain-validator-subscriber": "pubsub.subscriptions.consume",
  "certs-cert-issuer-subscriber": "pubsub.subscriptions.consume",
  "certs-cert-checker-dead-publisher": "pubsub.topics.publish",
  "certs-cert-checker-subscriber": "pubsub.subscriptions.consume",
  "certs-cert-checker-invoker-pusher": "run.routes.invoke",
  "certs-cert-checker-signer": "iam.serviceAccounts.getOpenIdToken",
  "certs-registry-writers-checker": "storage.objects.get",
  "certs-checking-publisher-api": "pubsub.topics.publish",
  "certs-checking-publisher-watcher": "pubsub.topics.publish",
  "certs-domain-api-invoker-watcher": "run.routes.invoke",
  "certs-domain-watcher-invoker-scheduler": "run.routes.invoke",
  "certs-issuing-publisher-checker": "pubsub.topics.publish",
  "certs-validation-publisher-checker": "pubsub.topics.publish",
  "certs-alert-notifier-invoker-scheduler": "run.routes.invoke",
  "certs-alert-notifier-slack-reader-notifier": "secretmanager.versions.access",
  "certs-alert-notifier-sentry-reader-notifier": "secretmanager.versions.access",
  "certs-registry-writers-notifier": "storage.objects.list",
  "certs-events-publisher-issuer": "pubsub.topics.publish",
  "certs-events-publisher-api": "pubsub.topics.publish",
  "certs-domain-validator-dead-reader-operator": "pubsub.subscriptions.consume",
  "certs-cert-issuer-dead-reader-operator": "pubsub.subscriptions.consume",
  "certs-cert-checker-dead-reader-operator": "pubsub.subscriptions.consume",
  "certs-validation-publisher-operator": "pubsub.topics.publish",
  "certs-issuing-publisher-operator": "pubsub.topics.publish",
  "certs-checking-publisher-operator": "pubsub.topics.publish",
  "certs-domain-api-invoker-operator": "run.routes.invoke",
  "certs-deploys-log-writer": "logging.logEntries.create",
  "certs-token-proxy-invoker-everyone": "run.routes.invoke",
  "certs-hosting-invoker-everyone": "run.routes.invoke",
} as const;

/** Of a grant that no test takes away, where it is used. A `*` is whatever a stack's configuration names. */
export interface UsedElsewhere {
  readonly test: string;
  /** Of the test in there. */
  readonly title: string;
}

const BUILDS: UsedElsewhere = {
  test: "local/services/cloud-functions/kinds.test.ts",
  title: "builds as its own account, once that has what a build needs, and not before",
};

export const USED_ELSEWHERE: Readonly<Record<string, UsedElsewhere>> = {
  "certs-builds-code-reader": BUILDS,
  "certs-builds-writer": BUILDS,
  "certs-builds-log-writer": BUILDS,
  // The rival who takes a domain over has no other.
  "certs-domain-api-invoker-*": {
    test: "test/grants.deep.test.ts",
    title: "cannot do without %s, and loses nothing over it",
  },
};

/** Of a grant that no test here can use, who does, and whose word that is. */
export interface UsedInTheCloud {
  readonly reason: string;
  readonly source: string;
}

const WORKFLOWS: UsedInTheCloud = {
  reason:
    "GitHub's workflows alone are let in. components/delivery/delivery.test.ts holds each role to the kinds that the program makes.",
  source: "https://github.com/google-github-actions/auth#preferred-direct-workload-identity-federation",
};

export const USED_IN_THE_CLOUD: Readonly<Record<string, UsedInTheCloud>> = {
  "certs-builds-source-reader": {
    reason:
      "Cloud Build reads the copy of a function's source that Cloud Functions puts into a bucket of its own.",
    source: "https://cloud.google.com/functions/docs/securing/build-custom-sa",
  },
  "delivery-deploy-*": WORKFLOWS,
  "delivery-drift-*": WORKFLOWS,
  "delivery-state-*": {
    reason: "Pulumi's CLI keeps the stacks' states there, sealed with the key, in workflows alone.",
    source: "https://www.pulumi.com/docs/iac/concepts/state-and-backends/#google-cloud-storage",
  },
  "certs-operator-*": {
    reason:
      "People act as the operator by tokens of Google's own API for them; here the machine's user is the operator.",
    source: "https://cloud.google.com/iam/docs/service-account-impersonation",
  },
};

import type { FindingKind } from "./finding.ts";

/** Properties that people depend on, and what a change of one may do. */
export interface Watch {
  readonly kind: FindingKind;
  readonly type: RegExp;
  readonly path: RegExp;
  readonly effect: string;
}

const ANY = /^/;
/** The first that fits a property says what it is. */
export const WATCHES: readonly Watch[] = [
  {
    kind: "edge",
    type: /^fastly:/,
    path: /^requestSettings/,
    effect:
      "an edited request setting may lose what the edit leaves out, forceSsl too (Fastly's provider before 11.3 sends only what changed): look at it after the update, or give the setting another name",
  },
  {
    kind: "access",
    type: /:iam\/workloadIdentityPool|:iam\/workforcePool/,
    path: /^(attribute(Condition|Mapping)|oidc|saml|aws|x509|disabled)/,
    effect: "others may act in the name of its identities, or no longer",
  },
  {
    kind: "access",
    type: /:secretmanager\/(regionalSecretVersion|secretVersion):/,
    path: /^enabled/,
    effect: "whoever reads the secret gets it, or is refused",
  },
  {
    kind: "encryption",
    type: /:kms\/cryptoKeyVersion:/,
    path: /^state/,
    effect: "what is sealed with it opens, or no longer does",
  },
  {
    kind: "encryption",
    type: ANY,
    path: /kmsKey|cryptoKey|encryption|^(rotationPeriod|purpose|versionTemplate|cmek)/i,
    effect: "how data is encrypted changes",
  },
  {
    kind: "certificate",
    type: ANY,
    path: /certificate|ssl(Policy|CheckCert|Cert|Sni)|minTls|tls(Configuration|Subscription|Version)|^(profile|dnsAuthorizations)/i,
    effect: "what is shown or asked for in TLS changes",
  },
  {
    kind: "certificate",
    type: /certificatemanager|sslCertificate|sSLPolicy|tls/i,
    path: ANY,
    effect: "what is shown or asked for in TLS changes",
  },
  {
    kind: "route",
    type: /:compute\/(region)?u(rl|RL)Map:/i,
    path: /^(?!tests|description|labels)/,
    effect: "requests go another way",
  },
  {
    kind: "route",
    type: /:compute\/.*(forwardingRule|target\w*Proxy):/i,
    path: /^(?!description|labels)/,
    effect: "requests go another way",
  },
  {
    kind: "route",
    type: /:compute\/(region)?backendService:/i,
    path: /^(backends|protocol|loadBalancingScheme|timeoutSec|securityPolicy)/,
    effect: "requests are taken another way",
  },
  {
    kind: "route",
    type: /:compute\/.*networkEndpointGroup:/i,
    path: /^(cloudRun|cloudFunction|appEngine|network)/,
    effect: "requests go to another service",
  },
  {
    kind: "route",
    type: /:compute\/(region)?securityPolicy/i,
    path: /^(rules|action|match|priority|preview|rateLimitOptions|redirectOptions|preconfiguredWafConfig)/,
    effect: "other requests are let in or refused",
  },
  {
    kind: "route",
    type: /:dns\//,
    path: /^(rrdatas|name|type|dnsName|routingPolicy|visibility)/,
    effect: "a name leads elsewhere",
  },
  {
    kind: "route",
    type: /^fastly:.*:service/i,
    path: /^(backends|conditions|headers|domains|directors|vcls|snippets|requestSettings|responseObjects|acls|dictionaries|defaultHost|activate)/,
    effect: "the edge serves requests another way",
  },
  { kind: "route", type: /^fastly:.*(domain|link)/i, path: ANY, effect: "a domain is served another way" },
  {
    kind: "route",
    type: /:pubsub\/subscription:/,
    path: /^(filter|pushConfig|bigqueryConfig|cloudStorageConfig|ackDeadlineSeconds|retryPolicy|enable|messageTransforms)/,
    effect: "messages are delivered another way",
  },
  {
    kind: "route",
    type: /:cloudscheduler\/job:/,
    path: /^(schedule|timeZone|httpTarget|pubsubTarget|appEngineHttpTarget|attemptDeadline|retryConfig)/,
    effect: "work starts at other times or is other work",
  },
  {
    kind: "retention",
    type: ANY,
    path: /retention|lifecycleRules|expir(ation|y)|ttlDays|messageRetention|retainAcked/i,
    effect: "what is kept, and how long, changes",
  },
  {
    kind: "alert",
    type: /:monitoring\/(alertPolicy|notificationChannel|slo):/i,
    path: /^(conditions|combiner|enabled|severity|notificationChannels|alertStrategy|labels|type|goal|rollingPeriodDays|.*[sS]li)/,
    effect: "somebody is told of trouble in other cases, or another is",
  },
  {
    kind: "alert",
    type: /:logging\/metric:/,
    path: /^(filter|valueExtractor|metricDescriptor)/,
    effect: "an alert counts other entries",
  },
];

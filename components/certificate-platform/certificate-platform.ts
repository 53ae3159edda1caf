import * as pulumi from "@pulumi/pulumi";
import type { LimitOverrides } from "../../runtime/certificates/budgets/limits.ts";
import type { OwnershipMethod } from "../../runtime/certificates/ownership/ownership.ts";
import { AlertChannels, type Alerting } from "../foundation/alert-channels.ts";
import type { ProjectFoundation } from "../foundation/project-foundation.ts";
import { StageTopic } from "../messaging/stage-topic.ts";
import type { WorkloadChoice } from "../serverless/hosted-workload.ts";
import { WorkloadHost } from "../serverless/workload-host.ts";
import { type AlertDestinations, AlertNotifier } from "./alert-notifier.ts";
import { type CertificateAuthoritiesArgs, caaIdentitiesOf } from "./certificate-authorities.ts";
import { CertificateChecker } from "./certificate-checker.ts";
import { CertificateIssuer } from "./certificate-issuer.ts";
import { DataStores } from "./data-stores.ts";
import { DomainApi } from "./domain-api.ts";
import { DomainValidator } from "./domain-validator.ts";
import { DomainWatcher } from "./domain-watcher.ts";
import { type EdgeArgs, Entrance } from "./entrance.ts";
import { EventTopic } from "./event-topic.ts";
import { FastlyCredentials } from "./fastly-credentials.ts";
import { Hosting } from "./hosting.ts";
import type { OriginSecretArgs } from "./origin-secret.ts";
import { PlatformIdentities } from "./platform-identities.ts";
import { PlatformMonitoring } from "./platform-monitoring.ts";
import { requiredServices } from "./required-services.ts";
import { TokenProxy } from "./token-proxy.ts";
import { type CertificateWorkload, WORKLOADS } from "./workloads.ts";

/** Domain, hyphen and "-validation-push" must fit a service account's 22 characters. */
const MAX_NAME_LENGTH = 6;

export interface CertificatePlatformArgs {
  /** One for all platforms of a stack; it enables `requiredServices(workloads)` at least. */
  readonly foundation: ProjectFoundation;
  readonly region: pulumi.Input<string>;
  /** Domain of the platform itself; `originHost`, `apiHost` and the edge's host are in it. */
  readonly zoneDomain: string;
  readonly originHost: string;
  readonly apiHost: string;
  readonly edge: EdgeArgs;
  /** How a customer shows that a name is his. */
  readonly ownership: OwnershipMethod;
  /** In the order in which they are asked. */
  readonly certificateAuthorities: CertificateAuthoritiesArgs;
  /** JSON: base64url keys by the names of the CAs that want an external account. */
  readonly externalAccountKeys?: pulumi.Input<string> | undefined;
  readonly originSecret: OriginSecretArgs;
  readonly fastlyApiToken: pulumi.Input<string>;
  /** Limits of the CA and the CDN, where they are others than Let's Encrypt's and Fastly's. */
  readonly budgets: LimitOverrides;
  /** Members who may call the API for themselves, by a stable name. */
  readonly callers: Readonly<Record<string, string>>;
  /** Members who may act as the operator, by a stable name. */
  readonly operators: Readonly<Record<string, string>>;
  /** Who hears of alerts: e-mail addresses by a stable name. */
  readonly alertEmails: Readonly<Record<string, string>>;
  /** Whole minutes within which each domain is checked once, 1 to 1,440. */
  readonly checkIntervalMinutes: number;
  /** Members who may subscribe to what becomes of domains, by a stable name. */
  readonly eventSubscribers: Readonly<Record<string, string>>;
  /** Who hears of domains' problems beside the log. */
  readonly alertDestinations: AlertDestinations;
  /** URL of the folder of runbooks, `docs/runbooks` of this repository, for whoever is told. */
  readonly runbooksUrl: string;
  readonly workloads: Readonly<Record<CertificateWorkload, WorkloadChoice>>;
  /** Whole days for which a certificate's backup is kept, of a removed domain too: longer than certificates live. */
  readonly backupDays: number;
  /** Whole days for which deleted registry entries and backups can be brought back: 0, or 7 to 90. */
  readonly softDeleteDays: number;
  /** Whole seconds for which the first update waits until new grants hold. */
  readonly grantDelaySeconds: number;
  /** Keeps what holds data, or is known to the outside, from being deleted. */
  readonly protect: boolean;
  /** Shown at the foot of the hosted page. */
  readonly platformName: string;
  /** Id of a backend service that serves customers' sites. @default one page that names its Host. */
  readonly hostingBackend?: pulumi.Input<string>;
}

export interface StageIds {
  /** `projects/P/topics/T` */
  readonly topic: pulumi.Output<string>;
  /** `projects/P/subscriptions/S` */
  readonly deadLetters: pulumi.Output<string>;
}

/** Customers' own domains over HTTPS: register, validate, issue by HTTP-01, back up, activate at the CDN, serve. */
export class CertificatePlatform extends pulumi.ComponentResource {
  readonly apiUrl: string;
  readonly apiAudience: string;
  /** E-mail of the account as which people operate the platform. */
  readonly operatorServiceAccount: pulumi.Output<string>;
  readonly originAddress: pulumi.Output<string>;
  readonly fastlyServiceId: pulumi.Output<string>;
  readonly nameServers: pulumi.Output<string[]>;
  readonly backupBucket: pulumi.Output<string>;
  /** Id of the topic on which others hear of domains. */
  readonly eventsTopic: pulumi.Output<string>;
  /** Name of the KMS key that backups are sealed with. */
  readonly backupKey: pulumi.Output<string>;
  /** Where messages come in, and where those end that could not be processed. */
  readonly stages: Readonly<Record<string, StageIds>>;
  /** The name of our own that leads to the CDN. */
  readonly edgeHost: string;

  constructor(name: string, args: CertificatePlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificatePlatform", name, {}, opts);

    this.#check(name, args);
    const { region, foundation, edge, softDeleteDays, grantDelaySeconds, protect } = args;
    const parent = { parent: this, dependsOn: [foundation] };
    this.apiUrl = `https://${args.apiHost}`;
    this.apiAudience = this.apiUrl;

    const identities = new PlatformIdentities(name, { operators: args.operators }, parent);
    const { channels } = new AlertChannels(name, { emails: args.alertEmails }, parent);
    const alerting: Alerting = { channels, runbooksUrl: args.runbooksUrl };
    const host = new WorkloadHost(
      name,
      {
        region,
        definitions: WORKLOADS,
        choices: args.workloads,
        identities: identities.workloads,
        foundation,
        alerting,
        grantDelaySeconds,
        protect,
      },
      parent,
    );

    const { backupDays } = args;
    const stores = new DataStores(name, { region, identities, backupDays, softDeleteDays, protect }, parent);
    const fastlyCredentials = new FastlyCredentials(
      `${name}-fastly`,
      {
        apiToken: args.fastlyApiToken,
        readers: identities.members("domain-validator", "certificate-issuer"),
        grantDelaySeconds,
      },
      parent,
    );
    // Who mends the cause of a dead letter publishes it again.
    const operator = identities.operator.member;
    const validation = new StageTopic(
      `${name}-validation`,
      { publishers: { ...identities.members("domain-api", "certificate-checker"), operator } },
      parent,
    );
    const issuing = new StageTopic(
      `${name}-issuing`,
      {
        publishers: {
          ...identities.members("domain-api", "domain-validator", "certificate-checker"),
          operator,
        },
      },
      parent,
    );
    const checking = new StageTopic(
      `${name}-checking`,
      { publishers: { ...identities.members("domain-watcher", "domain-api"), operator } },
      parent,
    );

    const events = new EventTopic(
      `${name}-events`,
      {
        publishers: identities.members("domain-api", "certificate-issuer"),
        subscribers: args.eventSubscribers,
      },
      parent,
    );
    const domainApi = new DomainApi(
      `${name}-domain-api`,
      {
        host,
        audience: this.apiAudience,
        ownership: args.ownership,
        edgeHost: edge.host,
        reservedZone: args.zoneDomain,
        registryBucket: stores.registryBucket,
        budgets: args.budgets,
        validationTopic: validation.topicId,
        issuingTopic: issuing.topicId,
        eventsTopic: events.topicId,
        checkingTopic: checking.topicId,
        operator: identities.operator,
        viewers: { watcher: identities.workloads["domain-watcher"] },
        callers: args.callers,
      },
      parent,
    );
    const tokenProxy = new TokenProxy(
      `${name}-token-proxy`,
      { host, challengeBucket: stores.challengeBucket },
      parent,
    );
    const hosting = new Hosting(`${name}-hosting`, { host, platformName: args.platformName }, parent);

    const entrance = new Entrance(
      name,
      {
        region,
        zoneDomain: args.zoneDomain,
        originHost: args.originHost,
        apiHost: args.apiHost,
        edge,
        hasCustomersNames: args.ownership === "cname",
        originSecret: args.originSecret,
        services: {
          api: domainApi.serviceName,
          hosting: hosting.serviceName,
          tokenProxy: tokenProxy.serviceName,
        },
        hostingBackend: args.hostingBackend,
        protect,
      },
      parent,
    );

    const stage = {
      host,
      registryBucket: stores.registryBucket,
      challengeBucket: stores.challengeBucket,
      fastlyServiceId: entrance.fastlyServiceId,
      fastlyCredentials,
      budgets: args.budgets,
    };
    const validator = new DomainValidator(
      `${name}-domain-validator`,
      {
        ...stage,
        source: {
          topic: validation.topicId,
          pusher: identities.validationPusher,
          operator: identities.operator,
        },
        issuingTopic: issuing.topicId,
        ownership: args.ownership,
        edgeHost: edge.host,
        edgeAddresses: edge.addresses,
        caaIdentities: caaIdentitiesOf(args.certificateAuthorities),
      },
      parent,
    );
    const issuer = new CertificateIssuer(
      // Stacks in use know it by the shorter name.
      `${name}-cert-issuer`,
      {
        ...stage,
        source: { topic: issuing.topicId, pusher: identities.issuingPusher, operator: identities.operator },
        eventsTopic: events.topicId,
        vault: stores.vault,
        certificateAuthorities: args.certificateAuthorities,
        externalAccountKeys: args.externalAccountKeys,
        grantDelaySeconds,
        edgeAddresses: edge.addresses,
        fastlyTlsConfigurationId: edge.tlsConfigurationId,
      },
      parent,
    );

    const checker = new CertificateChecker(
      `${name}-cert-checker`,
      {
        host,
        source: { topic: checking.topicId, pusher: identities.checkingPusher, operator: identities.operator },
        registryBucket: stores.registryBucket,
        validationTopic: validation.topicId,
        issuingTopic: issuing.topicId,
        edgeAddresses: edge.addresses,
        certificateAuthorities: args.certificateAuthorities,
      },
      parent,
    );
    const watcher = new DomainWatcher(
      `${name}-domain-watcher`,
      {
        host,
        caller: identities.watcherCaller,
        apiUrl: this.apiUrl,
        apiAudience: this.apiAudience,
        checkingTopic: checking.topicId,
        checkIntervalMinutes: args.checkIntervalMinutes,
      },
      parent,
    );
    new AlertNotifier(
      `${name}-alert-notifier`,
      {
        host,
        caller: identities.notifierCaller,
        registryBucket: stores.registryBucket,
        destinations: args.alertDestinations,
        platformName: args.platformName,
        runbooksUrl: args.runbooksUrl,
        grantDelaySeconds,
      },
      parent,
    );

    new PlatformMonitoring(
      `${name}-platform`,
      {
        services: {
          api: domainApi.serviceName,
          hosting: hosting.serviceName,
          issuer: issuer.serviceName,
          tokenProxy: tokenProxy.serviceName,
          watcher: watcher.serviceName,
        },
        alerting,
      },
      parent,
    );

    this.operatorServiceAccount = identities.operator.email;
    this.originAddress = entrance.originAddress;
    this.fastlyServiceId = entrance.fastlyServiceId;
    this.nameServers = entrance.nameServers;
    this.backupBucket = stores.vault.bucketName;
    this.eventsTopic = events.topicId;
    this.backupKey = stores.vault.keyId;
    this.stages = {
      validation: stageOf(validation, validator),
      issuing: stageOf(issuing, issuer),
      checking: stageOf(checking, checker),
    };
    this.edgeHost = edge.host;
    this.registerOutputs({
      apiUrl: this.apiUrl,
      apiAudience: this.apiAudience,
      operatorServiceAccount: this.operatorServiceAccount,
      originAddress: this.originAddress,
      fastlyServiceId: this.fastlyServiceId,
      nameServers: this.nameServers,
      backupBucket: this.backupBucket,
      eventsTopic: this.eventsTopic,
      backupKey: this.backupKey,
      stages: this.stages,
      edgeHost: this.edgeHost,
    });
  }

  #check(name: string, { foundation, workloads }: CertificatePlatformArgs): void {
    if (name.length > MAX_NAME_LENGTH) {
      throw this.#mistake(name, `name must have at most ${MAX_NAME_LENGTH} characters; got ${name.length}.`);
    }
    const missing = requiredServices(workloads).filter((service) => !foundation.services.has(service));
    if (missing.length > 0) {
      const rule = "must enable what requiredServices names";
      throw this.#mistake(name, `foundation ${rule}; got one without ${missing.join(", ")}.`);
    }
  }

  #mistake(name: string, rule: string): pulumi.ResourceError {
    return new pulumi.ResourceError(`CertificatePlatform "${name}": ${rule}`, this, true);
  }
}

function stageOf(
  { topicId }: StageTopic,
  { deadLetterSubscriptionId }: { readonly deadLetterSubscriptionId: pulumi.Output<string> },
): StageIds {
  return { topic: topicId, deadLetters: deadLetterSubscriptionId };
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { PlatformAlerts } from "../foundation/alert-channels.ts";
import { PrivateBucket } from "../foundation/private-bucket.ts";
import { ProjectFoundation } from "../foundation/project-foundation.ts";
import { StageTopic } from "../messaging/stage-topic.ts";
import { FunctionBuilds } from "../serverless/function-builds.ts";
import { type PackagingChoice, packager } from "../serverless/packaging.ts";
import { ServerlessBackend } from "../serverless/serverless-backend.ts";
import type { Scaling } from "../serverless/workload-args.ts";
import { BackupVault } from "./backup-vault.ts";
import { type AcmeArgs, CertificateIssuer } from "./certificate-issuer.ts";
import { DomainApi } from "./domain-api.ts";
import { DomainValidator } from "./domain-validator.ts";
import { EdgeAllowList } from "./edge-allow-list.ts";
import { EdgeService } from "./edge-service.ts";
import { FastlyCredentials } from "./fastly-credentials.ts";
import { FrontDoor } from "./front-door.ts";
import { Hosting } from "./hosting.ts";
import { PlatformIdentities } from "./platform-identities.ts";
import { TokenProxy } from "./token-proxy.ts";

/** A token that nobody fetched for a day will not be asked for any more. */
const CHALLENGE_EXPIRY_DAYS = 1;
/** Longer than the life of a certificate: a registry that was overwritten can be read back. */
const REGISTRY_VERSION_DAYS = 100;
/** Domain, hyphen and "-validation-push" must fit a service account's 22 characters. */
const MAX_NAME_LENGTH = 6;

export interface EdgeArgs {
  /** A name of the platform's own that leads to the CDN: what customers point a CNAME at. */
  readonly host: string;
  /** IP addresses to which customers' names must lead. */
  readonly addresses: readonly string[];
  /** CIDR ranges from which the CDN connects to the origin. */
  readonly ranges: readonly string[];
  /** Fastly's TLS configuration under which certificates are activated. */
  readonly tlsConfigurationId: string;
}

/** What runs, by the names that configuration has for it. */
export type Workload = "domainApi" | "domainValidator" | "certificateIssuer" | "tokenProxy" | "hosting";

export interface CertificatePlatformArgs {
  readonly region: pulumi.Input<string>;
  /** Domain of the platform itself; `originHost`, `apiHost` and the edge's host are in it. */
  readonly zoneDomain: string;
  readonly originHost: string;
  readonly apiHost: string;
  readonly edge: EdgeArgs;
  readonly acme: AcmeArgs;
  /** Names by which a customer's CAA record may allow the CA. */
  readonly caaIdentities: readonly string[];
  readonly fastlyApiToken: pulumi.Input<string>;
  /** Members who may call the API for themselves, by a stable name. */
  readonly callers: Readonly<Record<string, string>>;
  /** Members who may act as the operator, by a stable name. */
  readonly operators: Readonly<Record<string, string>>;
  /** Who hears of alerts: e-mail addresses by a stable name. */
  readonly alertEmails: Readonly<Record<string, string>>;
  readonly scaling: Readonly<Record<Workload, Scaling>>;
  /** How each workload's code reaches Google. @default bundles, which need no build */
  readonly packaging?: Partial<Readonly<Record<Workload, PackagingChoice>>>;
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

  constructor(name: string, args: CertificatePlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:CertificatePlatform", name, {}, opts);

    if (name.length > MAX_NAME_LENGTH) {
      throw new pulumi.ResourceError(
        `CertificatePlatform "${name}": name must have at most ${MAX_NAME_LENGTH} characters; got ${name.length}.`,
        this,
        true,
      );
    }
    const { region, edge, packaging = {}, softDeleteDays, grantDelaySeconds, protect } = args;
    this.apiUrl = `https://${args.apiHost}`;
    this.apiAudience = this.apiUrl;

    const hasFunctions = Object.values(packaging).some(({ kind }) => kind === "function");
    const foundation = new ProjectFoundation(name, { hasFunctions }, { parent: this });
    const parent = { parent: this, dependsOn: [foundation] };
    const identities = new PlatformIdentities(name, { operators: args.operators }, parent);
    const { api, validator, issuer, proxy } = identities;
    const alerts = new PlatformAlerts(name, { emails: args.alertEmails }, parent);
    const code = new PrivateBucket(`${name}-code`, { region, softDeleteDays: 0, protect }, parent);
    const registry = new PrivateBucket(
      `${name}-registry`,
      {
        region,
        writers: { api: api.member, validator: validator.member, issuer: issuer.member },
        softDeleteDays,
        versionDays: REGISTRY_VERSION_DAYS,
        protect,
      },
      parent,
    );
    const challenges = new PrivateBucket(
      `${name}-challenges`,
      {
        region,
        readers: { proxy: proxy.member },
        writers: { validator: validator.member, issuer: issuer.member },
        softDeleteDays: 0,
        expiry: { days: CHALLENGE_EXPIRY_DAYS },
        protect: false,
      },
      parent,
    );
    const vault = new BackupVault(
      `${name}-backup`,
      { region, keepers: { issuer: issuer.member }, softDeleteDays, protect },
      parent,
    );
    const fastlyCredentials = new FastlyCredentials(
      `${name}-fastly`,
      {
        apiToken: args.fastlyApiToken,
        readers: { validator: validator.member, issuer: issuer.member },
        grantDelaySeconds,
      },
      parent,
    );
    const validation = new StageTopic(`${name}-validation`, { publishers: { api: api.member } }, parent);
    const issuing = new StageTopic(
      `${name}-issuing`,
      { publishers: { api: api.member, validator: validator.member } },
      parent,
    );

    const { bucketName: codeBucket } = code;
    const packaged = packager(
      () => new FunctionBuilds(`${name}-builds`, { region, codeBucket, grantDelaySeconds }, parent),
    );
    const settingsOf = (workload: Workload) => ({
      region,
      codeBucket,
      packaging: packaged(packaging[workload]),
      scaling: args.scaling[workload],
      protect,
    });
    const domainApi = new DomainApi(
      `${name}-domain-api`,
      {
        ...settingsOf("domainApi"),
        identity: api,
        audience: this.apiAudience,
        reservedZone: args.zoneDomain,
        registryBucket: registry.bucketName,
        validationTopic: validation.topicId,
        issuingTopic: issuing.topicId,
        operator: identities.operator,
        callers: args.callers,
      },
      parent,
    );
    const tokenProxy = new TokenProxy(
      `${name}-token-proxy`,
      { ...settingsOf("tokenProxy"), identity: proxy, challengeBucket: challenges.bucketName },
      parent,
    );
    const hosting = new Hosting(
      `${name}-hosting`,
      { ...settingsOf("hosting"), identity: identities.hosting, platformName: args.platformName },
      parent,
    );

    const zone = new gcp.dns.ManagedZone(
      name,
      { dnsName: `${args.zoneDomain}.`, description: "The platform's own names" },
      { ...parent, protect },
    );
    const allowList = new EdgeAllowList(`${name}-edge-only`, { ranges: edge.ranges }, parent);
    const backend = (key: string, service: pulumi.Output<string>, securityPolicy?: pulumi.Output<string>) =>
      new ServerlessBackend(
        `${name}-${key}`,
        { region, service, ...(securityPolicy && { securityPolicy }) },
        parent,
      ).backendId;
    const frontDoor = new FrontDoor(
      `${name}-front`,
      {
        originHost: args.originHost,
        apiHost: args.apiHost,
        zone: zone.name,
        backends: {
          api: backend("api", domainApi.serviceName),
          hosting: args.hostingBackend ?? backend("hosting", hosting.serviceName, allowList.policyId),
          tokenProxy: backend("proxy", tokenProxy.serviceName, allowList.policyId),
        },
        protect,
      },
      parent,
    );
    const edgeService = new EdgeService(
      `${name}-edge`,
      {
        edgeHost: edge.host,
        edgeAddresses: edge.addresses,
        zone: zone.name,
        originAddress: frontDoor.address,
        originHost: args.originHost,
        protect,
      },
      parent,
    );

    const stage = {
      registryBucket: registry.bucketName,
      challengeBucket: challenges.bucketName,
      fastlyServiceId: edgeService.serviceId,
      fastlyCredentials,
      pubsubAgent: foundation.pubsubAgent,
      notificationChannels: alerts.channels,
    };
    new DomainValidator(
      `${name}-domain-validator`,
      {
        ...stage,
        ...settingsOf("domainValidator"),
        identity: validator,
        pusher: identities.validationPusher,
        topic: validation.topicId,
        issuingTopic: issuing.topicId,
        edgeAddresses: edge.addresses,
        caaIdentities: args.caaIdentities,
      },
      parent,
    );
    new CertificateIssuer(
      `${name}-cert-issuer`,
      {
        ...stage,
        ...settingsOf("certificateIssuer"),
        identity: issuer,
        pusher: identities.issuingPusher,
        topic: issuing.topicId,
        vault,
        acme: args.acme,
        fastlyTlsConfigurationId: edge.tlsConfigurationId,
      },
      parent,
    );

    this.operatorServiceAccount = identities.operator.email;
    this.originAddress = frontDoor.address;
    this.fastlyServiceId = edgeService.serviceId;
    this.nameServers = zone.nameServers;
    this.backupBucket = vault.bucketName;
    this.registerOutputs({
      apiUrl: this.apiUrl,
      apiAudience: this.apiAudience,
      operatorServiceAccount: this.operatorServiceAccount,
      originAddress: this.originAddress,
      fastlyServiceId: this.fastlyServiceId,
      nameServers: this.nameServers,
      backupBucket: this.backupBucket,
    });
  }
}

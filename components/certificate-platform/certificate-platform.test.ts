import { beforeAll, describe, expect, test } from "@jest/globals";
import type * as pulumi from "@pulumi/pulumi";
import { ProjectFoundation } from "../foundation/project-foundation.ts";
import { IMAGE } from "../testing/hosted-image.ts";
import { type Synthesised, synth } from "../testing/synth.ts";
import { CertificatePlatform, type CertificatePlatformArgs } from "./certificate-platform.ts";
import { requiredServices } from "./required-services.ts";
import { WORKLOADS } from "./workloads.ts";

const BUILD_SERVICES = ["artifactregistry", "cloudbuild", "cloudfunctions"].map(
  (name) => `${name}.googleapis.com`,
);
const TOKEN = "canary-fastly-token";
const SECRET = "canary-origin-secret-0123456789abcdef";
const WEBHOOK = "https://hooks.slack.example/services/canary";
const EXTERNAL_KEYS = '{"second":"canary-external-account-key"}';
const scaling = { minInstances: 0, maxInstances: 3 };
const args: Omit<CertificatePlatformArgs, "foundation"> = {
  region: "europe-west1",
  zoneDomain: "domains.example",
  originHost: "origin.domains.example",
  apiHost: "api.domains.example",
  edge: {
    host: "edge.domains.example",
    addresses: ["151.101.2.132", "2a04:4e42::644", "151.101.66.132"],
    ranges: Array.from({ length: 23 }, (_, index) => `10.${index}.0.0/16`),
    tlsConfigurationId: "configuration",
  },
  ownership: "none",
  certificateAuthorities: [
    {
      name: "first",
      directoryUrl: "https://ca.example/directory",
      profile: "classic",
      contact: "mailto:a@b.example",
      caaIdentities: ["ca.example"],
    },
    {
      name: "second",
      directoryUrl: "https://other-ca.example/directory",
      profile: "",
      contact: "mailto:a@b.example",
      caaIdentities: ["other-ca.example", "ca.example"],
      externalAccount: { keyId: "key-1" },
    },
  ],
  externalAccountKeys: EXTERNAL_KEYS,
  originSecret: { current: SECRET },
  fastlyApiToken: TOKEN,
  callers: { shop: "serviceAccount:shop@customer.iam.gserviceaccount.com" },
  operators: { "on-call": "group:on-call@example.com" },
  alertEmails: { platform: "platform@example.com" },
  checkIntervalMinutes: 360,
  eventSubscribers: { shop: "serviceAccount:shop@customer.iam.gserviceaccount.com" },
  alertDestinations: { slackWebhookUrl: WEBHOOK },
  runbooksUrl: "https://git.example/runbooks",
  workloads: Object.fromEntries(
    Object.keys(WORKLOADS).map((name) => [name, scaling]),
  ) as CertificatePlatformArgs["workloads"],
  backupDays: 400,
  softDeleteDays: 30,
  budgets: { writesPerHour: 500 },
  grantDelaySeconds: 0,
  protect: true,
  platformName: "Domains",
};

/** To be called from within `synth`. */
function platform(
  name: string,
  overrides: Partial<CertificatePlatformArgs> = {},
  opts?: pulumi.ComponentResourceOptions,
): CertificatePlatform {
  const whole = { ...args, ...overrides };
  const foundation = new ProjectFoundation("project", { services: requiredServices(whole.workloads) });
  return new CertificatePlatform(name, { foundation, ...whole }, opts);
}

describe("CertificatePlatform", () => {
  let resources: readonly Synthesised[];
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const named = (type: string, name: string) => of(type).find((resource) => resource.name === name)?.inputs;

  beforeAll(async () => {
    resources = await synth(() => platform("certs"));
  });

  test("runs every service under an account of its own, never a default one", () => {
    const accounts = of("gcp:cloudrunv2/service:Service").map(
      ({ inputs }) => (inputs.template as { serviceAccount: string }).serviceAccount,
    );

    expect(accounts).toHaveLength(Object.keys(WORKLOADS).length);
    expect(new Set(accounts).size).toBe(accounts.length);
    for (const account of accounts) expect(account).toMatch(/^certs-[a-z]+@test\.iam\.gserviceaccount\.com$/);
  });

  test("lets nobody reach a service at run.app, and everyone call only what the public needs", () => {
    for (const { inputs } of of("gcp:cloudrunv2/service:Service")) {
      expect(inputs.ingress).toMatch(/^INGRESS_TRAFFIC_INTERNAL_(ONLY|LOAD_BALANCER)$/);
      expect(inputs.deletionProtection).toBe(true);
    }
    const open = of("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").filter(
      ({ inputs }) => inputs.member === "allUsers",
    );
    expect(open.map(({ inputs }) => inputs.name).sort()).toEqual(["certs-hosting", "certs-token-proxy"]);
  });

  test("gives every push subscription backoff, dead letters that are kept, and an alert on them", () => {
    const subscriptions = of("gcp:pubsub/subscription:Subscription");
    const pushed = subscriptions.filter(({ inputs }) => inputs.pushConfig !== undefined);

    expect(pushed).toHaveLength(3);
    for (const { name, inputs } of pushed) {
      expect(inputs).toMatchObject({
        expirationPolicy: { ttl: "" },
        deadLetterPolicy: { deadLetterTopic: `${name}-dead-id`, maxDeliveryAttempts: 10 },
        retryPolicy: { minimumBackoff: "1s", maximumBackoff: "600s" },
      });
      expect(named("gcp:pubsub/subscription:Subscription", `${name}-dead`)).toMatchObject({
        topic: `${name}-dead-id`,
        expirationPolicy: { ttl: "" },
      });
      expect(named("gcp:monitoring/alertPolicy:AlertPolicy", `${name}-dead`)).toMatchObject({
        notificationChannels: ["certs-alerts-platform"],
      });
    }
  });

  test("lets API and issuer tell what becomes of domains, and whoever is named subscribe to it", () => {
    const grants = of("gcp:pubsub/topicIAMMember:TopicIAMMember")
      .filter(({ inputs }) => String(inputs.topic).startsWith("certs-events"))
      .map(({ inputs }) => [inputs.role, inputs.member]);
    expect(grants).toEqual([
      ["roles/pubsub.subscriber", "serviceAccount:shop@customer.iam.gserviceaccount.com"],
      ["roles/pubsub.publisher", "serviceAccount:certs-api@test.iam.gserviceaccount.com"],
      ["roles/pubsub.publisher", "serviceAccount:certs-issuer@test.iam.gserviceaccount.com"],
    ]);
  });

  test("tells of domains' problems each minute, where somebody is named to be told", () => {
    expect(named("gcp:cloudscheduler/job:Job", "certs-alert-notifier")).toMatchObject({
      schedule: "* * * * *",
      httpTarget: {
        uri: "https://certs-alert-notifier.a.run.app",
        oidcToken: { serviceAccountEmail: "certs-notifier-call@test.iam.gserviceaccount.com" },
      },
    });
    expect(named("gcp:cloudrunv2/service:Service", "certs-alert-notifier")).toMatchObject({
      template: {
        containers: [
          {
            envs: expect.arrayContaining([
              {
                name: "SLACK_WEBHOOK_URL",
                valueSource: { secretKeyRef: { secret: "certs-alert-notifier-slack", version: "1" } },
              },
              { name: "SENTRY_DSN", value: "" },
            ]),
          },
        ],
      },
    });
    expect(
      of("gcp:secretmanager/secretIamMember:SecretIamMember").map(({ inputs }) => inputs),
    ).toContainEqual({
      secretId: "certs-alert-notifier-slack",
      role: "roles/secretmanager.secretAccessor",
      member: "serviceAccount:certs-notifier@test.iam.gserviceaccount.com",
    });
  });

  test("tells of what the validator and the issuer log as an error and do not try again", () => {
    for (const name of ["certs-domain-validator", "certs-cert-issuer"]) {
      expect(named("gcp:monitoring/alertPolicy:AlertPolicy", `${name}-faults`)).toMatchObject({
        notificationChannels: ["certs-alerts-platform"],
        conditions: [
          {
            conditionMatchedLog: {
              filter: expect.stringContaining(
                `resource.labels.service_name="${name}" AND severity>=ERROR AND jsonPayload.message:* AND NOT jsonPayload.outcome="retry"`,
              ),
            },
          },
        ],
        alertStrategy: { notificationRateLimit: { period: "3600s" }, autoClose: "3600s" },
      });
    }
  });

  test("lets Pub/Sub sign as the accounts that push, and as no other", () => {
    const signers = of("gcp:serviceaccount/iAMMember:IAMMember").filter(
      ({ inputs }) => inputs.role === "roles/iam.serviceAccountOpenIdTokenCreator",
    );
    const pushers = of("gcp:pubsub/subscription:Subscription").flatMap(({ inputs }) => {
      const push = inputs.pushConfig as { oidcToken: { serviceAccountEmail: string } } | undefined;
      return push ? [`projects/test/serviceAccounts/${push.oidcToken.serviceAccountEmail}`] : [];
    });

    expect(signers.map(({ inputs }) => inputs.serviceAccountId).sort()).toEqual(pushers.sort());
    for (const { inputs } of signers) expect(inputs.member).toMatch(/^serviceAccount:agent-of-pubsub/);
  });

  test("names the CAs to issuer and checker, allows what allows one of them, and keeps their keys secret", () => {
    const services = of("gcp:cloudrunv2/service:Service").map(({ inputs }) => JSON.stringify(inputs));
    const first = {
      name: "first",
      directoryUrl: "https://ca.example/directory",
      profile: "classic",
      contact: "mailto:a@b.example",
      caaIdentities: ["ca.example"],
    };
    const second = {
      ...first,
      name: "second",
      directoryUrl: "https://other-ca.example/directory",
      profile: "",
      caaIdentities: ["other-ca.example", "ca.example"],
      externalAccountKeyId: "key-1",
    };
    const variable = JSON.stringify({
      name: "CERTIFICATE_AUTHORITIES",
      value: JSON.stringify([first, second]),
    });
    const identities = JSON.stringify({ name: "CAA_IDENTITIES", value: "ca.example,other-ca.example" });

    expect(services.filter((service) => service.includes(variable))).toHaveLength(2);
    expect(services.filter((service) => service.includes(identities))).toHaveLength(2);
    expect(services.join()).not.toContain("canary-external-account-key");
    const secret = "certs-cert-issuer-external-accounts";
    expect(named("gcp:secretmanager/secretVersion:SecretVersion", secret)).toMatchObject({
      secretData: expect.anything(),
    });
  });

  test("keeps Fastly's token out of every environment", () => {
    const services = JSON.stringify(of("gcp:cloudrunv2/service:Service"));

    expect(services).not.toContain(TOKEN);
    expect(services).toContain("secretKeyRef");
    expect(named("gcp:secretmanager/secretVersion:SecretVersion", "certs-fastly")).toMatchObject({
      secretData: expect.anything(),
    });
  });

  test("protects what holds data or is known to the outside, where it is told to protect", async () => {
    const protectedBy = async (protect: boolean) => {
      const found: string[] = [];
      const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
        if (opts.protect) found.push(`${name} ${type.slice(type.lastIndexOf(":") + 1)}`);
        return undefined;
      };
      await synth(() => platform("certs", { protect }, { transformations: [note] }));
      return found.sort();
    };

    await expect(protectedBy(false)).resolves.toEqual([]);
    await expect(protectedBy(true)).resolves.toEqual([
      "certs ManagedZone",
      "certs-backup Bucket",
      "certs-backup CryptoKey",
      "certs-cert-checker Subscription",
      "certs-cert-checker-dead Subscription",
      "certs-cert-issuer Subscription",
      "certs-cert-issuer-dead Subscription",
      "certs-code Bucket",
      "certs-domain-validator Subscription",
      "certs-domain-validator-dead Subscription",
      "certs-edge DomainV1",
      "certs-edge ServiceVcl",
      "certs-front GlobalAddress",
      "certs-registry Bucket",
    ]);
  });

  test("forgets budgets that have been whole for long, and nothing else of the registry's", () => {
    expect(named("gcp:storage/bucket:Bucket", "certs-registry")).toMatchObject({
      lifecycleRules: [
        { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 100 } },
        { action: { type: "Delete" }, condition: { age: 14, matchesPrefixes: ["budgets/"] } },
      ],
    });
  });

  test("hands what the CA and the CDN allow to all who spend of it", () => {
    for (const name of ["certs-domain-api", "certs-domain-validator", "certs-cert-issuer"]) {
      expect(JSON.stringify(named("gcp:cloudrunv2/service:Service", name))).toContain(
        JSON.stringify(JSON.stringify({ writesPerHour: 500 })),
      );
    }
  });

  test("lets the CDN alone reach the token proxy, and our own service there alone reach hosting", () => {
    for (const [name, policy] of [
      ["certs-hosting", "certs-own-edge-only-id"],
      ["certs-proxy", "certs-edge-only-id"],
    ] as const) {
      expect(named("gcp:compute/backendService:BackendService", name)).toMatchObject({
        securityPolicy: policy,
        loadBalancingScheme: "EXTERNAL_MANAGED",
      });
    }
  });

  test("lets the token proxy fetch by name, and neither list nor write", () => {
    const grants = of("gcp:storage/bucketIAMMember:BucketIAMMember").filter(({ inputs }) =>
      String(inputs.member).includes("certs-proxy@"),
    );

    expect(grants.map(({ inputs }) => [inputs.bucket, inputs.role])).toEqual([
      ["certs-challenges", "roles/storage.legacyObjectReader"],
    ]);
  });

  test("builds nothing where no workload is a function", () => {
    const enabled = of("gcp:projects/service:Service").map(({ inputs }) => inputs.service);

    for (const service of BUILD_SERVICES) expect(enabled).not.toContain(service);
    expect(resources.filter(({ name }) => name.startsWith("certs-builds"))).toEqual([]);
  });

  test("serves customers' sites from another backend when it is given one", async () => {
    const hostingBackend = "projects/p/global/backendServices/shop";
    const withBackend = await synth(() => platform("two", { hostingBackend }));
    const map = withBackend.find(({ name, type }) => name === "two-front-https" && type.endsWith(":URLMap"));

    expect(map?.inputs).toMatchObject({ defaultService: hostingBackend });
  });

  test("refuses a name that its accounts' ids could not hold", async () => {
    await expect(synth(() => platform("certificates"))).rejects.toThrow(
      'CertificatePlatform "certificates": name must have at most 6 characters; got 12.',
    );
  });
});

describe("CertificatePlatform with functions", () => {
  let resources: readonly Synthesised[];
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const named = (type: string, name: string) => of(type).find((resource) => resource.name === name)?.inputs;

  beforeAll(async () => {
    resources = await synth(() =>
      platform("certs", {
        workloads: {
          ...args.workloads,
          "domain-validator": { ...scaling, packaging: { kind: "function" } },
          "token-proxy": { ...scaling, packaging: { kind: "function" } },
          hosting: { ...scaling, packaging: { kind: "image", reference: IMAGE } },
        },
      }),
    );
  });

  test("makes a function of each workload that is to be one, and a service of each other", () => {
    expect(
      of("gcp:cloudrunv2/service:Service")
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      "certs-alert-notifier",
      "certs-cert-checker",
      "certs-cert-issuer",
      "certs-domain-api",
      "certs-domain-watcher",
      "certs-hosting",
    ]);
    expect(named("gcp:cloudfunctionsv2/function:Function", "certs-domain-validator")).toEqual({
      location: "europe-west1",
      buildConfig: {
        runtime: "nodejs24",
        entryPoint: "handler",
        source: {
          storageSource: {
            bucket: "certs-code",
            object: expect.stringMatching(/^domain-validator\/[0-9a-f]{64}\.zip$/),
            generation: 1,
          },
        },
        serviceAccount: "projects/test/serviceAccounts/certs-builds@test.iam.gserviceaccount.com",
        dockerRepository: "certs-builds-id",
      },
      serviceConfig: {
        serviceAccountEmail: "certs-validator@test.iam.gserviceaccount.com",
        ingressSettings: "ALLOW_INTERNAL_ONLY",
        allTrafficOnLatestRevision: true,
        timeoutSeconds: 120,
        maxInstanceRequestConcurrency: 40,
        availableCpu: "1",
        availableMemory: "512Mi",
        minInstanceCount: 0,
        maxInstanceCount: 3,
        environmentVariables: expect.objectContaining({ REGISTRY_BUCKET: "certs-registry" }),
        secretEnvironmentVariables: [
          { key: "FASTLY_API_TOKEN", projectId: "test", secret: "certs-fastly", version: "1" },
        ],
      },
    });
    expect(named("gcp:cloudfunctionsv2/function:Function", "certs-token-proxy")).toMatchObject({
      serviceConfig: {
        ingressSettings: "ALLOW_INTERNAL_AND_GCLB",
        maxInstanceRequestConcurrency: 200,
        secretEnvironmentVariables: [],
      },
    });
  });

  test("reaches functions by the Cloud Run service under them: invokers, pushes and the load balancer", () => {
    const invokers = of("gcp:cloudrunv2/serviceIamMember:ServiceIamMember").map(({ inputs }) => [
      inputs.name,
      inputs.member,
    ]);
    const pushed = named("gcp:pubsub/subscription:Subscription", "certs-domain-validator");

    expect(invokers).toContainEqual([
      "certs-domain-validator",
      "serviceAccount:certs-validation-push@test.iam.gserviceaccount.com",
    ]);
    expect(invokers).toContainEqual(["certs-token-proxy", "allUsers"]);
    expect(pushed?.pushConfig).toMatchObject({
      pushEndpoint: "https://certs-domain-validator.a.run.app",
      oidcToken: { audience: "https://certs-domain-validator.a.run.app" },
    });
    expect(
      named("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup", "certs-proxy"),
    ).toMatchObject({ cloudRun: { service: "certs-token-proxy" } });
  });

  test("enables the services that build functions", () => {
    expect(of("gcp:projects/service:Service").map(({ inputs }) => inputs.service)).toEqual(
      expect.arrayContaining(BUILD_SERVICES),
    );
  });
});

describe("two CertificatePlatforms in one stack", () => {
  test("stand on one foundation: each service is enabled once, and Pub/Sub's account asked for once", async () => {
    const resources = await synth(() => {
      const foundation = new ProjectFoundation("project", { services: requiredServices(args.workloads) });
      new CertificatePlatform("certs", { ...args, foundation });
      new CertificatePlatform("other", { ...args, foundation });
    });
    const of = (type: string) => resources.filter((resource) => resource.type === type);
    const enabled = of("gcp:projects/service:Service").map(({ inputs }) => inputs.service);

    expect(enabled.sort()).toEqual([...requiredServices(args.workloads)].sort());
    expect(of("gcp:projects/serviceIdentity:ServiceIdentity")).toHaveLength(1);
    expect(of("gcp:cloudrunv2/service:Service")).toHaveLength(2 * Object.keys(WORKLOADS).length);
    const identities = resources.map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(identities.length);
  });

  test("refuse a foundation that lacks what they need", async () => {
    const withNone = () =>
      new CertificatePlatform("certs", {
        ...args,
        foundation: new ProjectFoundation("project", {
          services: requiredServices(args.workloads).filter((service) => !service.startsWith("dns.")),
        }),
      });

    await expect(synth(withNone)).rejects.toThrow(
      'CertificatePlatform "certs": foundation must enable what requiredServices names; got one without dns.googleapis.com.',
    );
  });
});

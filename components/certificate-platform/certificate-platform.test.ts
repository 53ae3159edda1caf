import { beforeAll, describe, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "../foundation/private-bucket.ts";
import { ServiceIdentity } from "../foundation/service-identity.ts";
import { Stage } from "../messaging/stage.ts";
import type { FunctionBuilds } from "../serverless/function-builds.ts";
import type { Packaging } from "../serverless/packaging.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import { type Synthesised, synth } from "../testing/synth.ts";
import { CertificatePlatform, type CertificatePlatformArgs } from "./certificate-platform.ts";

const BUILD_SERVICES = ["artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager"].map(
  (name) => `${name}.googleapis.com`,
);
const TOKEN = "canary-fastly-token";
const scaling = { minInstances: 0, maxInstances: 3 };
const args: CertificatePlatformArgs = {
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
  acme: { directoryUrl: "https://ca.example/directory", profile: "classic", contact: "mailto:a@b.example" },
  caaIdentities: ["ca.example"],
  fastlyApiToken: TOKEN,
  callers: { shop: "serviceAccount:shop@customer.iam.gserviceaccount.com" },
  operators: { "on-call": "group:on-call@example.com" },
  alertEmails: { platform: "platform@example.com" },
  scaling: {
    domainApi: scaling,
    domainValidator: scaling,
    certificateIssuer: scaling,
    tokenProxy: scaling,
    hosting: scaling,
  },
  softDeleteDays: 30,
  grantDelaySeconds: 0,
  protect: true,
  platformName: "Domains",
};

describe("CertificatePlatform", () => {
  let resources: readonly Synthesised[];
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const named = (type: string, name: string) => of(type).find((resource) => resource.name === name)?.inputs;

  beforeAll(async () => {
    resources = await synth(() => new CertificatePlatform("certs", args));
  });

  test("runs every service under an account of its own, never a default one", () => {
    const accounts = of("gcp:cloudrunv2/service:Service").map(
      ({ inputs }) => (inputs.template as { serviceAccount: string }).serviceAccount,
    );

    expect(accounts).toHaveLength(5);
    expect(new Set(accounts).size).toBe(5);
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

    expect(pushed).toHaveLength(2);
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

  test("keeps Fastly's token out of every environment", () => {
    const services = JSON.stringify(of("gcp:cloudrunv2/service:Service"));

    expect(services).not.toContain(TOKEN);
    expect(services).toContain("secretKeyRef");
    expect(named("gcp:secretmanager/secretVersion:SecretVersion", "certs-fastly")).toMatchObject({
      secretData: expect.anything(),
    });
  });

  test("leads the name that customers point at to the CDN, by both kinds of address", () => {
    const records = of("gcp:dns/recordSet:RecordSet").filter(
      ({ inputs }) => inputs.name === "edge.domains.example.",
    );

    expect(Object.fromEntries(records.map(({ inputs }) => [inputs.type, inputs.rrdatas]))).toEqual({
      A: ["151.101.2.132", "151.101.66.132"],
      AAAA: ["2a04:4e42::644"],
    });
  });

  test("protects what holds data or is known to the outside, where it is told to protect", async () => {
    const protectedBy = async (protect: boolean) => {
      const found: string[] = [];
      const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
        if (opts.protect) found.push(`${name} ${type.slice(type.lastIndexOf(":") + 1)}`);
        return undefined;
      };
      await synth(() => new CertificatePlatform("certs", { ...args, protect }, { transformations: [note] }));
      return found.sort();
    };

    await expect(protectedBy(false)).resolves.toEqual([]);
    await expect(protectedBy(true)).resolves.toEqual([
      "certs ManagedZone",
      "certs-backup Bucket",
      "certs-backup CryptoKey",
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

  test("links the name that customers point at apart from the service's versions, as customers' own are", () => {
    expect(named("fastly:index/domainV1:DomainV1", "certs-edge")).toMatchObject({
      fqdn: "edge.domains.example",
      serviceId: "certs-edge-id",
    });
    expect(named("fastly:index/serviceVcl:ServiceVcl", "certs-edge")).not.toHaveProperty("domains");
  });

  test("admits the CDN's ranges alone, ten a rule, and denies the rest", () => {
    const { rules } = named("gcp:compute/securityPolicy:SecurityPolicy", "certs-edge-only") as {
      rules: { action: string; match: { config: { srcIpRanges: string[] } } }[];
    };

    expect(rules.map(({ action, match }) => [action, match.config.srcIpRanges.length])).toEqual([
      ["allow", 10],
      ["allow", 10],
      ["allow", 3],
      ["deny(403)", 1],
    ]);
    for (const name of ["certs-hosting", "certs-proxy"]) {
      expect(named("gcp:compute/backendService:BackendService", name)).toMatchObject({
        securityPolicy: "certs-edge-only-id",
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
    const withBackend = await synth(
      () =>
        new CertificatePlatform("two", { ...args, hostingBackend: "projects/p/global/backendServices/shop" }),
    );
    const map = withBackend.find(({ name, type }) => name === "two-front-https" && type.endsWith(":URLMap"));

    expect(map?.inputs).toMatchObject({ defaultService: "projects/p/global/backendServices/shop" });
  });

  test("refuses a name that its accounts' ids could not hold", async () => {
    await expect(synth(() => new CertificatePlatform("certificates", args))).rejects.toThrow(
      'CertificatePlatform "certificates": name must have at most 6 characters; got 12.',
    );
  });
});

describe("CertificatePlatform with functions", () => {
  const DIGEST = `europe-docker.pkg.dev/p/images/hosting@sha256:${"0a".repeat(32)}`;
  let resources: readonly Synthesised[];
  const of = (type: string) => resources.filter((resource) => resource.type === type);
  const named = (type: string, name: string) => of(type).find((resource) => resource.name === name)?.inputs;

  beforeAll(async () => {
    resources = await synth(
      () =>
        new CertificatePlatform("certs", {
          ...args,
          packaging: {
            domainValidator: { kind: "function" },
            tokenProxy: { kind: "function" },
            hosting: { kind: "image", reference: DIGEST },
          },
        }),
    );
  });

  test("makes a function of each workload that is to be one, and a service of each other", () => {
    expect(
      of("gcp:cloudrunv2/service:Service")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["certs-cert-issuer", "certs-domain-api", "certs-hosting"]);
    expect(named("gcp:cloudfunctionsv2/function:Function", "certs-domain-validator")).toEqual({
      location: "europe-west1",
      buildConfig: {
        runtime: "nodejs24",
        entryPoint: "handler",
        source: {
          storageSource: {
            bucket: "certs-code",
            object: expect.stringMatching(/^certificates\/domain-validator\/[0-9a-f]{64}\.zip$/),
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

  test("builds under an account that can read sources, store images and log, and nothing more", () => {
    const member = "serviceAccount:certs-builds@test.iam.gserviceaccount.com";
    const grants = resources.filter(({ inputs }) => inputs.member === member);
    const condition = { expression: 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")' };

    expect(grants.map(({ inputs }) => inputs).sort(byRole)).toMatchObject([
      { role: "roles/artifactregistry.writer", repository: "certs-builds" },
      { role: "roles/logging.logWriter", project: "test" },
      { role: "roles/storage.objectViewer", bucket: "certs-code" },
      { role: "roles/storage.objectViewer", project: "test", condition },
    ]);
  });

  test("enables the services that build functions", () => {
    expect(of("gcp:projects/service:Service").map(({ inputs }) => inputs.service)).toEqual(
      expect.arrayContaining(BUILD_SERVICES),
    );
  });

  test("starts an image as the image says, and uploads no code for it", () => {
    const service = named("gcp:cloudrunv2/service:Service", "certs-hosting");
    const envs = [{ name: "PLATFORM_NAME", value: "Domains" }];

    expect(service?.template).toMatchObject({ containers: [{ image: DIGEST, envs }] });
    expect(JSON.stringify(service)).not.toMatch(/sourceCode|commands|baseImageUri/);
    expect(named("gcp:storage/bucketObject:BucketObject", "certs-hosting-code")).toBeUndefined();
  });
});

describe("WorkloadService", () => {
  const service = (packaging: Packaging, audiences: readonly string[] = []) =>
    synth(
      () =>
        new WorkloadService("site", {
          region: "r",
          codeBucket: "code",
          identity: new ServiceIdentity("robot", { displayName: "Robot" }),
          scaling,
          protect: true,
          workload: "certificates/hosting",
          env: {},
          ingress: "internal",
          invokers: {},
          concurrency: 1,
          timeoutSeconds: 1,
          packaging,
          audiences,
        }),
    );

  test.each([
    "europe-docker.pkg.dev/p/images/hosting:latest",
    `europe-docker.pkg.dev/p/i@sha256:${"0".repeat(63)}`,
  ])("refuses the image %s, which is not named by its digest", async (reference) => {
    await expect(service({ kind: "image", reference })).rejects.toThrow(
      `WorkloadService "site": packaging.reference must be an image by its digest, REGISTRY/PATH@sha256:DIGEST; got "${reference}".`,
    );
  });

  test("refuses a function whose callers' tokens are for another name: Google gives functions none", async () => {
    const builds = {} as FunctionBuilds;
    await expect(service({ kind: "function", builds }, ["https://api.example"])).rejects.toThrow(
      'WorkloadService "site": audiences must be empty for a function, which takes tokens for its own URI alone; got ["https://api.example"].',
    );
  });
});

test.each([4, 101, 7.5])("Stage refuses %d delivery attempts", async (maxDeliveryAttempts) => {
  const stage = () =>
    new Stage("work", {
      topic: "t",
      endpoint: "https://x.a.run.app",
      pusher: { email: pulumi.output("p"), accountName: pulumi.output("projects/p/serviceAccounts/p") },
      pubsubAgent: "serviceAccount:agent",
      backoffSeconds: { minimum: 1, maximum: 600 },
      notificationChannels: [],
      protect: false,
      maxDeliveryAttempts,
    });

  await expect(synth(stage)).rejects.toThrow(
    `Stage "work": maxDeliveryAttempts must be a whole number from 5 to 100; got ${maxDeliveryAttempts}.`,
  );
});

test.each([1, 6, 91])("PrivateBucket refuses to keep deleted objects for %d days", async (softDeleteDays) => {
  const bucket = () => new PrivateBucket("b", { region: "r", softDeleteDays, protect: false });

  await expect(synth(bucket)).rejects.toThrow(
    `PrivateBucket "b": softDeleteDays must be 0, or from 7 to 90; got ${softDeleteDays}.`,
  );
});

/** By role, and grants on a resource before those on the project. */
function byRole(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): number {
  const key = ({ role, condition }: typeof a) => `${role} ${condition ? 1 : 0}`;
  return key(a) < key(b) ? -1 : 1;
}

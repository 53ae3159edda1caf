import { beforeAll, describe, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { PrivateBucket } from "../serverless/private-bucket.ts";
import { Stage } from "../serverless/stage.ts";
import { type Synthesised, synth } from "../testing/synth.ts";
import { CertificatePlatform, type CertificatePlatformArgs } from "./certificate-platform.ts";

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

test.each([4, 101, 7.5])("Stage refuses %d delivery attempts", async (maxDeliveryAttempts) => {
  const stage = () =>
    new Stage("work", {
      topic: "t",
      endpoint: "https://x.a.run.app",
      pusher: { email: pulumi.output("p"), accountName: pulumi.output("projects/p/serviceAccounts/p") },
      audience: "a",
      pubsubAgent: "serviceAccount:agent",
      backoffSeconds: { minimum: 1, maximum: 600 },
      notificationChannels: [],
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

import * as pulumi from "@pulumi/pulumi";
import { CertificatePlatform } from "../components/certificate-platform/certificate-platform.ts";
import { requiredServices } from "../components/certificate-platform/required-services.ts";
import { ProjectFoundation } from "../components/foundation/project-foundation.ts";
import { InvalidConfig } from "./checked-config.ts";
import { hidden, type PlatformConfig, parseConfig } from "./config.ts";
import { ExampleConfig, exampleValues, inASentence } from "./example-values.ts";
import { hasOnlyTestAuthorities } from "./test-authorities.ts";

const NAMESPACE = "platform:";
const PROJECT = "gcp:project";
const SECRETS = [
  "platform:fastlyApiToken",
  "platform:externalAccountKeys",
  "platform:originSecret",
  "platform:formerOriginSecret",
  "platform:slackWebhookUrl",
  "platform:sentryDsn",
];

const values = Object.fromEntries(
  Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(NAMESPACE) || key === PROJECT)
    .map(([key, value]) => [key.replace(NAMESPACE, ""), SECRETS.includes(key) ? hidden(key, value) : value]),
);

const config = checkedConfig();
refuseExamples(config);

const foundation = new ProjectFoundation(
  "project",
  { services: requiredServices(config.workloads) },
  // Stacks that were made when it was a part of their only platform keep its resources.
  {
    aliases: [
      { name: "certs", parent: pulumi.createUrn("certs", "platform:certificates:CertificatePlatform") },
    ],
  },
);

const secrets = new pulumi.Config("platform");
const certificates = new CertificatePlatform("certs", {
  ...config,
  foundation,
  fastlyApiToken: secrets.requireSecret("fastlyApiToken"),
  externalAccountKeys: secrets.getSecret("externalAccountKeys"),
  originSecret: {
    current: secrets.requireSecret("originSecret"),
    former: secrets.getSecret("formerOriginSecret"),
  },
  alertDestinations: {
    slackWebhookUrl: secrets.getSecret("slackWebhookUrl"),
    sentryDsn: secrets.getSecret("sentryDsn"),
  },
});

export const {
  apiUrl,
  apiAudience,
  operatorServiceAccount,
  originAddress,
  fastlyServiceId,
  nameServers,
  backupBucket,
  eventsTopic,
  backupKey,
  stages,
  edgeHost,
} = certificates;
/** Whether whoever looks at a site must do without trust in who signed its certificate. */
export const hasTestCertificates = hasOnlyTestAuthorities(config);

/** What a preview warns of, an update would make. */
function refuseExamples(config: PlatformConfig): void {
  const values = exampleValues(config);
  if (values.length > 0 && !pulumi.runtime.isDryRun()) {
    throw new pulumi.RunError(new ExampleConfig(pulumi.getStack(), values).message);
  }
  for (const value of values) void pulumi.log.warn(inASentence(value));
}

/** A `RunError` is told by its message alone: where it was thrown helps nobody to mend a configuration. */
function checkedConfig(): PlatformConfig {
  try {
    return parseConfig(values);
  } catch (error) {
    throw error instanceof InvalidConfig ? new pulumi.RunError(error.message) : error;
  }
}

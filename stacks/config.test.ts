import { expect, test } from "@jest/globals";
import { WORKLOADS } from "../components/certificate-platform/workloads.ts";
import { InvalidConfig } from "./checked-config.ts";
import { HIDDEN, hidden, parseConfig } from "./config.ts";
import { ExampleConfig, exampleValues, inASentence } from "./example-values.ts";
import { hasOnlyTestAuthorities } from "./test-authorities.ts";
import { readStackFile } from "./testing/stack-file.ts";

/** A stack's own file, as Pulumi hands it to the program. */
function valuesOf(stack: string): Record<string, string> {
  const values = Object.entries(readStackFile(stack))
    .filter(([key]) => key.startsWith("platform:") || key === "gcp:project")
    .map(([key, value]) => [key.replace("platform:", ""), value]);
  const secrets = {
    fastlyApiToken: HIDDEN,
    originSecret: HIDDEN,
    slackWebhookUrl: HIDDEN,
    sentryDsn: HIDDEN,
  };
  return { ...Object.fromEntries(values), ...secrets };
}

test.each(["local", "dev", "prod"])("takes the committed configuration of %s", (stack) => {
  expect(parseConfig(valuesOf(stack))).toMatchObject({ region: "europe-west1", protect: stack === "prod" });
});

test("does without trust in who signed where every CA is one for tests, and only there", () => {
  const [dev, prod] = ["dev", "prod"].map((stack) => parseConfig(valuesOf(stack)).certificateAuthorities);
  expect(hasOnlyTestAuthorities({ certificateAuthorities: dev ?? [] })).toBe(true);
  expect(hasOnlyTestAuthorities({ certificateAuthorities: prod ?? [] })).toBe(false);
  expect(hasOnlyTestAuthorities({ certificateAuthorities: [...(dev ?? []), ...(prod ?? [])] })).toBe(false);
});

test("reports every mistake in one error, each with key, rule and value", () => {
  const { fastlyApiToken, ...values } = valuesOf("prod");
  const broken = {
    ...values,
    region: "Mars",
    apiHost: "api.elsewhere.example",
    softDeleteDays: "3",
    edge: JSON.stringify({
      ...JSON.parse(values.edge ?? ""),
      host: "edge.example.com",
      addresses: ["151.101.2"],
    }),
    protekt: "true",
  };

  expect(mistakes(broken)).toEqual([
    'platform:region: must be a Google Cloud region such as europe-west1; got "Mars".',
    'platform:edge.addresses.0: must be an IP address; got "151.101.2".',
    "platform:fastlyApiToken: must be set: pulumi config set --secret platform:fastlyApiToken; got nothing.",
    "platform:softDeleteDays: must be 0, or from 7 to 90; got 3.",
    expect.stringMatching(
      /^platform:protekt: is not a key of the configuration; the keys here are gcp:project, region, .*, protect\.$/,
    ),
    'platform:apiHost: must be in zoneDomain; got "api.elsewhere.example".',
    'platform:edge.host: must be in zoneDomain; got "edge.example.com".',
  ]);
});

test.each(["short", `${"s".repeat(40)}'`, "s".repeat(129)])(
  "refuses an origin secret like %j, and shows it nowhere",
  (secret) => {
    const originSecret = hidden("platform:originSecret", secret);
    expect(originSecret).not.toContain(secret);
    expect(mistakes({ ...valuesOf("prod"), originSecret })).toEqual([
      'platform:originSecret: must be set to 32 to 128 letters, digits, hyphens and underscores: pulumi config set --secret platform:originSecret; got "[another secret]".',
    ]);
    expect(hidden("platform:originSecret", "s".repeat(32))).toBe(HIDDEN);
  },
);

test("counts a zone that is no host name as one mistake, whatever should be in it", () => {
  expect(mistakes({ ...valuesOf("prod"), zoneDomain: "-" })).toEqual([
    'platform:zoneDomain: must be a lower-case host name; got "-".',
  ]);
});

test("takes no host for two things", () => {
  const { originHost = "", apiHost = "", edge = "", ...values } = valuesOf("prod");
  const edgeAt = (host: string) => JSON.stringify({ ...JSON.parse(edge), host });
  expect(mistakes({ ...values, edge, originHost, apiHost: originHost })).toEqual([
    `platform:apiHost: must be another host than platform:originHost; got "${originHost}".`,
  ]);
  expect(mistakes({ ...values, originHost, apiHost, edge: edgeAt(originHost) })).toEqual([
    `platform:edge.host: must be another host than platform:originHost; got "${originHost}".`,
  ]);
  expect(mistakes({ ...values, originHost, apiHost, edge: edgeAt(apiHost) })).toEqual([
    `platform:edge.host: must be another host than platform:apiHost; got "${apiHost}".`,
  ]);
});

/** Of prod, with CAs that an environment decided otherwise. */
function withAuthorities(...changes: readonly object[]): Record<string, string> {
  const values = valuesOf("prod");
  const [first] = JSON.parse(values.certificateAuthorities ?? "");
  const certificateAuthorities = JSON.stringify(changes.map((change) => ({ ...first, ...change })));
  return { ...values, certificateAuthorities };
}

test("takes several CAs, one of which wants an external account", () => {
  const second = {
    name: "second",
    directoryUrl: "https://ca.example.net/dir",
    externalAccount: { keyId: "k" },
  };
  const { externalAccountKeys: _, ...values } = withAuthorities({}, second);
  const parsed = parseConfig({ ...values, externalAccountKeys: HIDDEN });
  expect(parsed.certificateAuthorities.map(({ name }) => name)).toEqual(["letsencrypt", "second"]);
  expect(mistakes(values)).toEqual([
    "platform:externalAccountKeys: must be set: pulumi config set --secret platform:externalAccountKeys; got nothing.",
  ]);
});

test("takes no CA twice, and none without what makes it one", () => {
  const [first] = JSON.parse(withAuthorities({}).certificateAuthorities ?? "");
  expect(mistakes(withAuthorities({}, { name: "second" }))).toEqual([
    `platform:certificateAuthorities: must have different directories; got ${JSON.stringify([first, { ...first, name: "second" }])}.`,
  ]);
  expect(mistakes(withAuthorities({ name: "Let's Encrypt", caaIdentities: [], contact: "me" }))).toEqual([
    'platform:certificateAuthorities.0.name: must be a short kebab-case name; got "Let\'s Encrypt".',
    'platform:certificateAuthorities.0.contact: must be a mailto: URL; got "me".',
    "platform:certificateAuthorities.0.caaIdentities: must not be empty; got [].",
  ]);
  expect(mistakes({ ...valuesOf("prod"), certificateAuthorities: "[]" })).toEqual([
    "platform:certificateAuthorities: must not be empty; got [].",
  ]);
});

test("keeps the name of the operators' own account from other callers", () => {
  const callers = JSON.stringify({ shop: "group:shop@example.com", operator: "group:ops@example.com" });
  expect(mistakes({ ...valuesOf("prod"), callers })).toEqual([
    'platform:callers.operator: must have another name: operator is the caller that platform:operators act as; got "group:ops@example.com".',
  ]);
});

test("says what a value of another type or size must be", () => {
  const values = valuesOf("prod");
  const workloads = JSON.parse(values.workloads ?? "");
  workloads.hosting.maxInstances = 101;
  const broken = {
    protect: "maybe",
    certificateAuthorities: "x",
    platformName: "",
    workloads: JSON.stringify(workloads),
  };

  expect(mistakes({ ...values, ...broken })).toEqual([
    'platform:platformName: must not be empty; got "".',
    'platform:certificateAuthorities: must be an array; got "x".',
    "platform:workloads.hosting.maxInstances: must be 100 or less; got 101.",
    'platform:protect: must be a boolean; got "maybe".',
  ]);
});

test.each([
  ["p-1", "must be 6 to 30 lower-case letters, digits and hyphens, the first a letter, the last no hyphen"],
  [
    "Shop-domains",
    "must be 6 to 30 lower-case letters, digits and hyphens, the first a letter, the last no hyphen",
  ],
  [
    "shop-domains-",
    "must be 6 to 30 lower-case letters, digits and hyphens, the first a letter, the last no hyphen",
  ],
  ["shop-ssl-domains", 'must not hold "google" or "ssl", which Google gives to nobody'],
])("refuses the project id %s beside other mistakes", (project, rule) => {
  expect(mistakes({ ...valuesOf("prod"), "gcp:project": project, protect: "maybe" })).toEqual([
    `gcp:project: ${rule}; got "${project}".`,
    'platform:protect: must be a boolean; got "maybe".',
  ]);
});

test("takes no project for granted: the credentials' own may be another", () => {
  const { "gcp:project": _, ...values } = valuesOf("prod");
  expect(mistakes(values)).toEqual(["gcp:project: must be a string; got nothing."]);
});

test("tells each value that is still the example's, by its key, and what belongs there", () => {
  expect(exampleValues(parseConfig(valuesOf("local")))).toEqual([]);
  const found = exampleValues(parseConfig(valuesOf("dev")));
  expect(found.map(({ key, value }) => [key, value])).toEqual([
    ["gcp:project", "example-platform-dev"],
    ["platform:zoneDomain", "dev.domains.example.com"],
    ["platform:edge.addresses", ["192.0.2.1", "192.0.2.2"]],
    ["platform:edge.tlsConfigurationId", "example-dev"],
    ["platform:certificateAuthorities.0.contact", "mailto:platform@example.com"],
    ["platform:callers.qa", "group:qa@example.com"],
    ["platform:operators.platform", "group:platform@example.com"],
    ["platform:operators.developers", "group:developers@example.com"],
    ["platform:alertEmails.platform", "platform-dev@example.com"],
    ["platform:runbooksUrl", "https://git.example.com/domains/platform/blob/main/docs/runbooks"],
  ]);
  expect(found.filter(({ belongs }) => belongs === "a value of your own")).toEqual([]);
});

test("refuses to make a stack of them, with all of them in one error", () => {
  const found = exampleValues(parseConfig(valuesOf("prod")));
  const { message } = new ExampleConfig("prod", found);

  expect(message.split("\n")).toEqual([
    `The stack is not made while Pulumi.prod.yaml has ${found.length} values of the example:`,
    ...found.map((value) => `  ${inASentence(value)}`),
  ]);
  expect(message).toContain(
    "\n  gcp:project is still the example's, and must be the id of this stack's own Google Cloud project; got \"example-platform-prod\".\n",
  );
});

test("leaves alone what only sounds like an example", () => {
  const values = valuesOf("local");
  const edge = { ...JSON.parse(values.edge ?? ""), addresses: ["151.101.2.132", "2a04:4e42::644"] };
  const callers = JSON.stringify({ shop: "serviceAccount:a@no-example-shop.iam.gserviceaccount.com" });
  const others = { "gcp:project": "counterexamples", platformName: "Domains of example.com", callers };
  expect(exampleValues(parseConfig({ ...values, ...others, edge: JSON.stringify(edge) }))).toEqual([]);
});

/** The local stack's, with workloads that an environment decided otherwise. */
function withWorkloads(changes: Readonly<Record<string, object>>): Record<string, string> {
  const values = valuesOf("local");
  const workloads = JSON.parse(values.workloads ?? "");
  const changed = Object.entries(changes).map(([name, change]) => [name, { ...workloads[name], ...change }]);
  return { ...values, workloads: JSON.stringify({ ...workloads, ...Object.fromEntries(changed) }) };
}

test("makes each workload small, and packages it as a bundle, unless it says otherwise", () => {
  const reference = `europe-docker.pkg.dev/p/images/api@sha256:${"0".repeat(64)}`;
  const chosen = { cpu: 2, memory: "1Gi", packaging: { kind: "image", reference } };
  const { workloads } = parseConfig(withWorkloads({ "domain-api": chosen }));

  expect(workloads["domain-api"]).toMatchObject(chosen);
  expect(workloads["token-proxy"]).toEqual({
    minInstances: 0,
    maxInstances: 2,
    cpu: 1,
    memory: "512Mi",
    packaging: { kind: "bundle" },
  });
});

test("takes of a workload's packaging what its platform allows, and images by their digests", () => {
  const image = (reference: string) => ({ packaging: { kind: "image", reference } });
  expect(
    mistakes(
      withWorkloads({
        "domain-api": { packaging: { kind: "function" } },
        "domain-validator": image("validator:latest"),
        "token-proxy": { packaging: { kind: "function", reference: "x" } },
        hosting: { packaging: { kind: "lambda" } },
      }),
    ),
  ).toEqual([
    'platform:workloads.domain-api.packaging.kind: must be one of bundle, image; got "function".',
    'platform:workloads.domain-validator.packaging.reference: must be an image by its digest, REGISTRY/PATH@sha256:DIGEST; got "validator:latest".',
    "platform:workloads.token-proxy.packaging.reference: is not a key of the configuration; the keys here are kind.",
    'platform:workloads.hosting.packaging.kind: must be one of bundle, function, image; got "lambda".',
  ]);
});

test("takes what Cloud Run takes of CPU, memory and instances, beside a workload's other mistakes", () => {
  expect(
    mistakes(
      withWorkloads({
        "domain-api": { cpu: 3 },
        "domain-validator": { memory: "256Mi" },
        "certificate-issuer": { cpu: 4, maxInstances: "many" },
        "token-proxy": { minInstances: 3 },
        hosting: { cpu: 2, memory: "9Gi", minInstances: -1 },
      }),
    ),
  ).toEqual([
    "platform:workloads.domain-api.cpu: must be one of 1, 2, 4, 6, 8; got 3.",
    'platform:workloads.domain-validator.memory: must be from 512Mi to 4Gi beside 1 CPU; got "256Mi".',
    'platform:workloads.certificate-issuer.maxInstances: must be a number; got "many".',
    "platform:workloads.certificate-issuer.memory: must be from 2Gi to 16Gi beside 4 CPU; got nothing.",
    "platform:workloads.token-proxy.minInstances: must be maxInstances or less; got 3.",
    "platform:workloads.hosting.minInstances: must be 0 or more; got -1.",
    'platform:workloads.hosting.memory: must be from 512Mi to 8Gi beside 2 CPU; got "9Gi".',
  ]);
});

test("names the keys that there are beside one that there is not", () => {
  const { workloads = "", ...values } = valuesOf("local");
  const { "token-proxy": proxy, ...others } = JSON.parse(workloads);
  expect(mistakes({ ...values, workloads: JSON.stringify({ ...others, tokenProxy: proxy }) })).toEqual([
    "platform:workloads.token-proxy: must be an object; got nothing.",
    `platform:workloads.tokenProxy: is not a key of the configuration; the keys here are ${Object.keys(WORKLOADS).join(", ")}.`,
  ]);
});

function mistakes(values: Record<string, string>): readonly string[] {
  try {
    parseConfig(values);
  } catch (error) {
    if (error instanceof InvalidConfig) return error.mistakes;
    throw error;
  }
  return [];
}

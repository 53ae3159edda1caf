import { expect, test } from "@jest/globals";
import { HIDDEN, InvalidConfig, parseConfig } from "./config.ts";
import { readStackFile } from "./testing/stack-file.ts";

/** A stack's own file, as Pulumi hands it to the program. */
function valuesOf(stack: string): Record<string, string> {
  const values = Object.entries(readStackFile(stack))
    .filter(([key]) => key.startsWith("platform:"))
    .map(([key, value]) => [key.slice("platform:".length), value]);
  return { ...Object.fromEntries(values), fastlyApiToken: HIDDEN };
}

test.each(["local", "dev", "prod"])("takes the committed configuration of %s", (stack) => {
  expect(parseConfig(valuesOf(stack))).toMatchObject({ region: "europe-west1", protect: stack === "prod" });
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
    "platform:protekt: is not a key of the configuration.",
    'platform:apiHost: must be in zoneDomain; got "api.elsewhere.example".',
    'platform:edge.host: must be in zoneDomain; got "edge.example.com".',
  ]);
});

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

test("keeps the name of the operators' own account from other callers", () => {
  const callers = JSON.stringify({ shop: "group:shop@example.com", operator: "group:ops@example.com" });
  expect(mistakes({ ...valuesOf("prod"), callers })).toEqual([
    'platform:callers.operator: must have another name: operator is the caller that platform:operators act as; got "group:ops@example.com".',
  ]);
});

test("says what a value of another type or size must be", () => {
  const values = valuesOf("prod");
  const scaling = JSON.parse(values.scaling ?? "");
  scaling.hosting.maxInstances = 101;
  const broken = { protect: "maybe", caaIdentities: "x", platformName: "", scaling: JSON.stringify(scaling) };

  expect(mistakes({ ...values, ...broken })).toEqual([
    'platform:platformName: must not be empty; got "".',
    'platform:caaIdentities: must be an array; got "x".',
    "platform:scaling.hosting.maxInstances: must be 100 or less; got 101.",
    'platform:protect: must be a boolean; got "maybe".',
  ]);
});

test("packages each workload as a bundle unless it says otherwise, and an image by its digest", () => {
  const reference = `europe-docker.pkg.dev/p/images/api@sha256:${"0".repeat(64)}`;
  const packaging = { domainApi: { kind: "image", reference }, hosting: { kind: "function" } };
  const values = { ...valuesOf("local"), packaging: JSON.stringify(packaging) };

  expect(parseConfig(values).packaging).toEqual({
    ...packaging,
    domainValidator: { kind: "bundle" },
    certificateIssuer: { kind: "bundle" },
    tokenProxy: { kind: "bundle" },
  });
  expect(
    mistakes({
      ...values,
      packaging: JSON.stringify({
        domainApi: { kind: "image", reference: "api:latest" },
        hosting: { kind: "lambda" },
        issuer: { kind: "bundle" },
        tokenProxy: { kind: "function", reference },
      }),
    }),
  ).toEqual([
    'platform:packaging.domainApi.reference: must be an image by its digest, REGISTRY/PATH@sha256:DIGEST; got "api:latest".',
    "platform:packaging.tokenProxy.reference: is not a key of the configuration.",
    'platform:packaging.hosting.kind: must be one of bundle, function, image; got "lambda".',
    "platform:packaging.issuer: is not a key of the configuration.",
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

import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { redacted, redactedSentence } from "./redaction.ts";

const PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----";
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9";
const WEBHOOK = ["https://hooks.slack.com", "services", "T000", "B000", "abcDEF123"].join("/");
const DSN = "https://abcdef@o1.ingest.sentry.io/2";

test.each([
  ["a key", PEM],
  ["a token", JWT],
  ["a webhook", WEBHOOK],
  ["a DSN", DSN],
  ["a bearer", "Bearer abcdef.12345678"],
  ["32 random bytes in hex", randomBytes(32).toString("hex")],
  ["32 random bytes in base64", "q8Zt1xW0pLk3Vb7NcR2yHd5JmS9fGa4EuTzQ6oIwXeM="],
])("%s is seen by its shape, wherever it stands", (_, secret) => {
  for (const value of [secret, { deep: [secret] }, `before ${secret} after`]) {
    expect(JSON.stringify(redacted(value, ["content"]))).not.toContain(JSON.stringify(secret).slice(1, -1));
  }
  expect(redactedSentence(`It is ${secret}.`)).not.toContain(secret);
});

test.each([
  [["password"], "hunter2"],
  [["envs", "0", "API_TOKEN"], "abc"],
  [["secretData"], "x"],
  [["pushConfig", "authorization"], "y"],
  [["requestHeaders", "x-origin-secret"], "checked"],
])("what is called %j is a secret", (names, value) => {
  expect(redacted(value, names)).toBe("[secret]");
});

test("a value is judged by the name beside it", () => {
  expect(
    redacted([
      { name: "API_TOKEN", value: "abc" },
      { name: "PORT", value: "80" },
    ]),
  ).toEqual([
    { name: "API_TOKEN", value: "[secret]" },
    { name: "PORT", value: "80" },
  ]);
  expect(redacted({ destination: "http.x-origin-secret", source: '"abc"' })).toMatchObject({
    source: "[secret]",
  });
});

test("Pulumi's own mark is kept, also within a text", () => {
  expect(redacted("!= '[secret]' && a", ["expression"])).toBe("[secret]");
});

test.each([
  [["secret"], "projects/p/secrets/certs-fastly-token"],
  [["role"], "roles/iam.serviceAccountTokenCreator"],
  [["name"], "hosting/58478cf9195c8d87222361686acca5ae60789ae23f11de2372dccc9191786dcb.tar.gz"],
  [
    ["image"],
    "europe-docker.pkg.dev/p/r/i@sha256:58478cf9195c8d87222361686acca5ae60789ae23f11de2372dccc9191786dcb",
  ],
  [
    ["filter"],
    'resource.type="cloud_run_revision" AND resource.labels.service_name="certs-alert-notifier-f14d203"',
  ],
  [["serviceAccount"], "certs-checker-68f9d1b@example-platform-prod.iam.gserviceaccount.com"],
  [["path"], "/.well-known/acme-challenge/*"],
  [["secretEnvironmentVariables", "0", "version"], "latest"],
  [["baseImageUri"], "europe-west1-docker.pkg.dev/serverless-runtimes/google-24-full/runtimes/nodejs24"],
])("%j = %j is none", (names, value) => {
  expect(redacted(value, names)).toBe(value);
});

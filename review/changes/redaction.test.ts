import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { readGolden } from "../graph/golden-graph.ts";
import { redacted, redactedSentence } from "./redaction.ts";
import { shownAt } from "./wording.ts";

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

const CONTAINER = { envs: [{ name: "DB_PASSWORD", value: "hunter2" }], args: ["--api-token", "hunter2"] };

test.each([
  ["containers[0].envs[0].value", { containers: [CONTAINER] }],
  ["containers[0].args[1]", { containers: [CONTAINER] }],
  ["headers[0].source", { headers: [{ name: "Authorization", source: "hunter2" }] }],
  ["spec", { spec: JSON.stringify({ containers: [CONTAINER] }) }],
])("at the end of a path a value is judged by the name beside it too (%s)", (path, inputs) => {
  expect(shownAt(inputs, path)).not.toContain("hunter2");
});

test.each([
  "apiToken: hunter-2",
  "mysql: password=hunter-2 host=a",
  'x {"password":"hunter-2"',
  "run --db-password hunter-2 --port 80",
  "password: hunter-2",
])("a text that names a secret is told without it (%s)", (text) => {
  expect(redactedSentence(text)).toBe(text.replace(/"?hunter-2"?/, "[secret]"));
});

test.each([
  'Bucket "tokens": what it holds goes.',
  "Error getting token: oauth2: cannot fetch token: 401 Unauthorized",
  "could not read the password: permission denied",
  "Basic authentication. Bearer token-based.",
  "GET https://certs-hosting-x7k2m9qabz-ew.a.run.app/healthz: 503 in place of 200",
  "commit 58478cf9195c8d87222361686acca5ae60789ae2 by a@example.com",
])("a sentence about secrets stays one (%s)", (text) => {
  expect(redactedSentence(text)).toBe(text);
});

test.each([
  ["24 bytes in base64url", (bytes: Buffer) => bytes.subarray(0, 24).toString("base64url")],
  ["32 bytes in base64", (bytes: Buffer) => bytes.toString("base64")],
  ["20 letters and digits", (bytes: Buffer) => bytes.toString("base64").replace(/\W/g, "").slice(0, 20)],
])("of random tokens of %s not one in two hundred is shown", (_, tokenOf) => {
  const tokens = Array.from({ length: 1_000 }, (_, at) =>
    tokenOf(createHash("sha256").update(`${at}`).digest()),
  );
  expect(tokens.filter((token) => redactedSentence(token) === token).length).toBeLessThan(5);
});

test.each(["dev", "prod", "local", "delivery-prod"])("all of %s's own graph can be read", (stack) => {
  const { resources } = readGolden(readFileSync(`test/golden/${stack}.json`, "utf8"));
  const lost = resources.flatMap(({ inputs }) => lostIn(inputs, redacted(inputs)));
  // With the former the edge shows that a request came through it; the latter a golden graph has for secrets.
  expect(lost.filter((value) => value !== "checked" && !value.includes("[secret]"))).toEqual([]);
});

function lostIn(before: unknown, after: unknown): readonly string[] {
  if (typeof before !== "object" || before === null) return before === after ? [] : [String(before)];
  return Object.entries(before).flatMap(([name, value]) =>
    lostIn(value, (after as Readonly<Record<string, unknown>>)[name]),
  );
}

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

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runUpdate } from "../engine/engine.ts";
import { FASTLY } from "./fastly/package.ts";
import { GCP, GCP_KINDS } from "./google/package.ts";
import { TestSession } from "./test-session.ts";

const stateDir = mkdtempSync(join(tmpdir(), "sdk-"));
let gcp: TestSession;
let fastly: TestSession;

beforeAll(async () => {
  gcp = await TestSession.start(GCP);
  fastly = await TestSession.start(FASTLY);
});

afterAll(async () => {
  await gcp.stop();
  await fastly.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

test("a program of the real SDKs finds in every output what the next resource needs", async () => {
  const made = await run("up");
  expect(made.problems).toEqual([]);
  const { outputs, secretData } = made.outputs as { outputs: Record<string, unknown>; secretData: unknown };
  const hex = "[0-9a-f]{7}";
  expect(outputs).toEqual({
    accountEmail: expect.stringMatching(`^robot-${hex}@acme\\.iam\\.gserviceaccount\\.com$`),
    agentMember: expect.stringMatching(/^serviceAccount:service-\d{12}@gcp-sa-pubsub\./),
    bucket: expect.stringMatching(`^code-${hex}$`),
    bucketUrl: `gs://${outputs.bucket}`,
    objectGeneration: expect.any(Number),
    objectMd5: expect.stringMatching(/==$/),
    serviceUri: expect.stringMatching(`^https://api-${hex}-[0-9a-z]{10}-ew\\.a\\.run\\.app$`),
    revision: expect.stringMatching(/\/revisions\/api-.*-00001-[a-p]{3}$/),
    invokerId: expect.stringMatching(/\/services\/api-.*\/roles\/run\.invoker\/serviceAccount:robot-/),
    topicName: expect.stringMatching(`^orders-${hex}$`),
    topicId: `projects/acme/topics/${outputs.topicName}`,
    subscriptionId: expect.stringMatching(`^projects/acme/subscriptions/orders-${hex}$`),
    keyId: expect.stringMatching(
      `^projects/acme/locations/europe-west1/keyRings/ring-${hex}/cryptoKeys/key-${hex}$`,
    ),
    secretId: "token",
    versionNumber: "1",
    address: "203.0.113.1",
    backendSelfLink: expect.stringMatching(
      /^https:\/\/www\.googleapis\.com\/compute\/v1\/projects\/acme\/global\/backendServices\/api-/,
    ),
    ruleId: expect.stringMatching(/^projects\/acme\/global\/forwardingRules\/front-/),
    nameServers: expect.arrayContaining([expect.stringMatching(/\.googledomains\.com\.$/)]),
    edgeId: expect.stringMatching(/^[A-Za-z0-9]{22}$/),
    edgeVersion: 1,
  });
  expect(secretData).not.toBe("s3cret");

  const object = gcp.storage.find(String(outputs.bucket), "bundle.tar.gz");
  const program = join(import.meta.dirname, "fixtures/sdk-program", "Pulumi.yaml");
  expect(object && (await buffer(gcp.storage.read(object)))).toEqual(readFileSync(program));

  const second = await run("up");
  expect(second.changeSummary).toMatchObject({ create: 0, update: 0, delete: 0 });
  expect(second.recorded).toEqual(["gcp:dns/managedZone:ManagedZone"]);

  const gone = await run("destroy");
  expect(gone.problems).toEqual([]);
  const left = GCP_KINDS.filter(({ outlives }) => !outlives).flatMap(({ token }) =>
    gcp.kernel.resources.list(token),
  );
  expect(left).toEqual([]);
}, 120_000);

async function run(kind: "up" | "destroy") {
  const problems: string[] = [];
  const result = await runUpdate({
    kind,
    project: "sdk-program",
    stack: "test",
    programDir: join(import.meta.dirname, "fixtures/sdk-program"),
    config: { "gcp:project": "acme", "gcp:region": "europe-west1" },
    secretKeys: [],
    stateDir,
    providers: { gcp: gcp.port, fastly: fastly.port },
    onEvent(event) {
      if (event.type === "diagnostic" && event.severity === "error") problems.push(event.message);
    },
  });
  return { ...result, problems };
}

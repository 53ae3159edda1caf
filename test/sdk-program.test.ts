import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { tarGz } from "../components/bundling/archive.ts";
import { GCP_KINDS } from "../local/services/google/package.ts";
import { runCommand } from "./support/command-line.ts";
import { LocalPlatform } from "./support/local-platform.ts";
import { updateStack } from "./support/update-stack.ts";

const PROGRAM = join(import.meta.dirname, "fixtures", "sdk-program");

/** Serves, and no more. */
const CODE = 'require("node:http").createServer((_, response) => response.end()).listen(process.env.PORT)';

let platform: LocalPlatform;
let folder: string;
let bundle: string;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  folder = mkdtempSync(join(tmpdir(), "sdk-"));
  bundle = join(folder, "bundle.tar.gz");
  writeFileSync(bundle, tarGz([{ name: "index.js", bytes: Buffer.from(CODE) }]));
});

afterAll(async () => {
  await platform.stop();
  rmSync(folder, { recursive: true });
});

test("a program of the real SDKs finds in every output what the next resource needs", async () => {
  const made = await updateStack(platform.stateDir, {
    programDir: PROGRAM,
    config: { "sdk-program:bundle": bundle },
  });
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

  const { storage, kernel } = platform.cloud;
  const object = storage.find(String(outputs.bucket), "bundle.tar.gz");
  expect(object && (await buffer(storage.read(object)))).toEqual(readFileSync(bundle));

  const config = ["--config", `sdk-program:bundle=${bundle}`];
  const place = ["--state-dir", platform.stateDir];
  const second = await runCommand(["up", "--no-first-domain", "--cwd", PROGRAM, ...config, ...place]);
  expect(second.out).toMatch(/^\d+ unchanged \(/m);
  expect(second.out).toContain("with no effect on this machine: gcp:dns/managedZone:ManagedZone.");

  const gone = await runCommand(["pulumi", ...place, "destroy", "--yes", "--skip-preview"]);
  expect(gone).toMatchObject({ code: 0, out: expect.stringMatching(/Resources:\n {4}- \d+ deleted/) });
  const left = GCP_KINDS.filter(({ outlives }) => !outlives).flatMap(({ token }) =>
    kernel.resources.list(token),
  );
  expect(left).toEqual([]);
});

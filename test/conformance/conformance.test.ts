import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { REPOSITORY } from "../../local/kernel/place.ts";
import { FastlyApi } from "../../local/services/fastly/api/fastly-api.ts";
import { FastlyStore } from "../../local/services/fastly/fastly-store.ts";
import { SERVICE_VCL } from "../../local/services/fastly/kind-tokens.ts";
import { KmsApi } from "../../local/services/kms/kms-api.ts";
import { LoggingApi } from "../../local/services/logging/logging-api.ts";
import { LocalPubSub } from "../../local/services/pubsub/local-pubsub.ts";
import { SecretManagerApi } from "../../local/services/secret-manager/secret-manager-api.ts";
import { type OwnedKernel, startKernel } from "../../local/services/start-kernel.ts";
import { CloudStorage } from "../../local/services/storage/cloud-storage.ts";
import { put, SERVICE_ID, service } from "../../local/services/testing/front-door.ts";
import { TestPebble } from "../../runtime/certificates/testing/pebble.ts";
import { finish } from "../support/command-line.ts";
import { compare, type Ledger } from "./ledger.ts";
import type { Place } from "./place.ts";

const TOKEN = "fastly-token-of-this-test";
const EMAIL = "conformance@p.iam.gserviceaccount.com";
const SECRET = "projects/p/secrets/conformance";
const DOMAIN = "conformance.example.test";

const stateDir = mkdtempSync(join(tmpdir(), "conformance-"));
let kernel: OwnedKernel;
let storage: CloudStorage;
let pubsub: LocalPubSub;
let fastly: FastlyApi;
let pebble: TestPebble;
let place: Place;

beforeAll(async () => {
  kernel = await startKernel({ stateDir, portBase: "any" });
  storage = new CloudStorage(kernel, { writeIntervalMs: 0, publish: () => "1" });
  pubsub = new LocalPubSub(kernel, { post: async () => ({ status: 204, body: "" }) });
  const apis = [new KmsApi(kernel), new LoggingApi(kernel), new SecretManagerApi(kernel)];
  kernel.identities.serveHttp(...apis, pubsub.restApi, storage.api);
  kernel.identities.serveGrpc(...pubsub.apis);
  fastly = new FastlyApi(kernel, new FastlyStore(kernel.db), { apiToken: TOKEN });
  for (const part of [storage, pubsub, fastly]) await part.start();
  makeResources();
  const { http, grpc } = await kernel.identities.endpoints(EMAIL);
  place = {
    bucket: "conformance",
    topic: "projects/p/topics/conformance",
    subscription: "projects/p/subscriptions/conformance",
    key: "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    secret: SECRET,
    elsewhere: {
      http: `http://127.0.0.1:${http}`,
      grpcPort: grpc,
      fastly: `https://localhost:${kernel.ports.fastlyApi}`,
    },
  };
  setDefaultCACertificates([...getCACertificates("default"), kernel.authority.rootPem]);
  pebble = await TestPebble.start(1);
});

afterAll(async () => {
  await pebble.stop();
  await fastly.stop();
  await pubsub.stop();
  await storage.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

/** What docs/conformance.md has somebody make at Google. */
function makeResources(): void {
  const make = (kind: string, id: string, properties: Readonly<Record<string, unknown>>) =>
    kernel.resources.put({ kind, id, urn: `urn:${id}`, properties: { project: "p", ...properties } });
  const grant = (role: string) =>
    make("gcp:projects/iAMMember:IAMMember", role, { role, member: `serviceAccount:${EMAIL}` });
  const softDeletePolicy = { retentionDurationSeconds: 0 };
  make("gcp:storage/bucket:Bucket", "conformance", { name: "conformance", softDeletePolicy });
  make("gcp:pubsub/topic:Topic", "projects/p/topics/conformance", { name: "conformance" });
  const topic = "projects/p/topics/conformance";
  make("gcp:pubsub/subscription:Subscription", "projects/p/subscriptions/conformance", {
    name: "conformance",
    topic,
  });
  make("gcp:kms/cryptoKey:CryptoKey", "projects/p/locations/l/keyRings/r/cryptoKeys/k", {
    purpose: "ENCRYPT_DECRYPT",
  });
  make("gcp:secretmanager/secret:Secret", SECRET, {});
  const version = { secret: SECRET, version: "1", secretData: "conformance" };
  make("gcp:secretmanager/secretVersion:SecretVersion", `${SECRET}/versions/1`, version);
  for (const role of [
    "roles/storage.objectAdmin",
    "roles/pubsub.publisher",
    "roles/pubsub.subscriber",
    "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    "roles/secretmanager.secretAccessor",
    "roles/logging.logWriter",
  ]) {
    grant(role);
  }
  put(kernel.resources, SERVICE_VCL, SERVICE_ID, service);
}

test("the local cloud does what each suite says of it", async () => {
  const ledger = await compare(
    {
      google: { project: "p", place, tokens: { get: async () => "local" } },
      fastly: {
        api: { endpoint: place.elsewhere?.fastly ?? "", token: TOKEN },
        serviceId: SERVICE_ID,
        domain: DOMAIN,
      },
      acme: { directoryUrl: pebble.directoryUrl, domain: DOMAIN, contact: "mailto:operator@example.test" },
    },
    new Date(),
  );
  expect(ledger.differences).toEqual([]);
  expect(ledger.services).toEqual([
    "Cloud Storage",
    "Pub/Sub",
    "Cloud KMS",
    "Secret Manager",
    "Cloud Logging",
    "Fastly",
    "ACME",
  ]);
}, 60_000);

test("what does otherwise somewhere is in the ledger of that day, with what was seen", async () => {
  await using other = await otherCloud();
  const resources = join(stateDir, "resources.json");
  const file = join(stateDir, "ledger.json");
  const elsewhere = { http: other.url, grpcPort: place.elsewhere?.grpcPort };
  writeFileSync(resources, JSON.stringify({ ...place, elsewhere }));

  const ended = await conformance("--project", "p", "--resources", resources, "--ledger", file);
  expect(ended).toMatchObject({ code: 1, err: "" });
  const { at, same, differences } = JSON.parse(readFileSync(file, "utf8")) as Ledger;
  expect(at.slice(0, 2)).toBe("20");
  expect(same).toBeGreaterThan(5);
  expect(differences).toEqual([
    {
      service: "Secret Manager",
      title: "a secret that is not there is NOT_FOUND, what is no version INVALID_ARGUMENT",
      outcome: "differs",
      expected: [
        [404, 404, "NOT_FOUND"],
        [400, 400, "INVALID_ARGUMENT"],
      ],
      got: [
        [410, 404, "NOT_FOUND"],
        [400, 400, "INVALID_ARGUMENT"],
      ],
    },
  ]);
  expect(ended.out).toContain("1 are not.");
}, 60_000);

test.each([
  [[], "Missing: --project, --fastly-service or --acme.\n"],
  [
    ["--project", "p", "--fastly-service", "s", "--acme", "staging"],
    "Missing: --resources, for --project; the environment variable FASTLY_API_KEY, for --fastly-service; --domain, for Fastly and the CA; --contact, for --acme; Google's credentials: gcloud auth application-default login.\n",
  ],
])("refuses %j, and names what is missing", async (args, err) => {
  expect(await conformance(...args)).toMatchObject({ code: 2, err });
});

function conformance(...args: readonly string[]) {
  const main = join(REPOSITORY, "test", "conformance", "main.ts");
  const { FASTLY_API_KEY: _, ...env } = process.env;
  return finish(
    spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      // Nobody's credentials, and no network to look for any.
      env: { ...env, NODE_OPTIONS: "", GOOGLE_APPLICATION_CREDENTIALS: join(stateDir, "none.json") },
    }),
  );
}

/** The local cloud, but for one answer: what is not there was there once. */
async function otherCloud() {
  const origin = new URL(place.elsewhere?.http ?? "");
  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    const { method = "GET", url = "/", headers } = incoming;
    const passed = request(
      { host: origin.hostname, port: origin.port, method, path: url, headers },
      (reply) => {
        const isChanged = url.includes("-not-there/versions/") && reply.statusCode === 404;
        answer.writeHead(isChanged ? 410 : (reply.statusCode ?? 500), reply.headers);
        reply.pipe(answer);
      },
    );
    incoming.pipe(passed);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

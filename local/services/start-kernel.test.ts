import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { GoogleAuth } from "google-auth-library";
import { type OwnedKernel, startKernel } from "./start-kernel.ts";

const ALICE = "alice@demo.iam.gserviceaccount.com";
const BOB = "bob@demo.iam.gserviceaccount.com";

let stateDir: string;
let kernel: OwnedKernel;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "kernel-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
});

afterEach(async () => {
  delete process.env.GCE_METADATA_HOST;
  await kernel.stop();
  await rm(stateDir, { recursive: true });
});

function grant(role: string, member: string): string {
  const id = `projects/demo/topics/t ${role} ${member}`;
  kernel.resources.put({
    kind: "gcp:pubsub/topicIAMMember:TopicIAMMember",
    id,
    urn: "urn:grant",
    properties: { project: "demo", topic: "t", role, member },
  });
  return id;
}

test("allows what a grant allows, to its member alone, until it is switched off", () => {
  const id = grant("roles/pubsub.publisher", `serviceAccount:${ALICE}`);
  const may = (email: string) =>
    kernel.iam.allows({ email }, "pubsub.topics.publish", "projects/demo/topics/t");

  expect([may(ALICE), may(BOB)]).toEqual([true, false]);
  kernel.iam.switchOff(id);
  expect(may(ALICE)).toBe(false);
  kernel.iam.switchOn(id);
  expect(may(ALICE)).toBe(true);
  expect(kernel.iam.allows({ email: ALICE }, "pubsub.topics.publish", "projects/demo/topics/other")).toBe(
    false,
  );
});

test("names caller, permission and resource in a refusal", () => {
  expect(() => kernel.iam.require({ email: BOB }, "pubsub.topics.publish", "projects/demo/topics/t")).toThrow(
    `${BOB} does not have pubsub.topics.publish access to projects/demo/topics/t. Permission 'pubsub.topics.publish' denied on resource (or it may not exist).`,
  );
});

test("gives Google's own auth library an ID token through an identity's port", async () => {
  const { http } = await kernel.identities.endpoints(ALICE);
  process.env.GCE_METADATA_HOST = `127.0.0.1:${http}`;
  const client = await new GoogleAuth().getIdTokenClient("https://api.example");
  const token = await client.idTokenProvider.fetchIdToken("https://api.example");

  await expect(kernel.tokens.verifyIdToken(token, ["https://api.example"])).resolves.toMatchObject({
    email: ALICE,
  });
  await expect(kernel.tokens.verifyIdToken(token, ["https://other.example"])).rejects.toThrow(/"aud"/);
  await expect(
    kernel.tokens.verifyIdToken(await kernel.tokens.idToken(ALICE, "a", -10), ["a"]),
  ).rejects.toThrow(/"exp"/);
  const [header, body] = token.split(".");
  await expect(kernel.tokens.verifyIdToken(`${header}.${body}.`, ["https://api.example"])).rejects.toThrow();
});

test("knows a bearer by the access token, and no one else", async () => {
  const token = kernel.tokens.accessToken(ALICE);

  expect(kernel.tokens.principalOf(token)).toEqual({ email: ALICE });
  expect(kernel.tokens.principalOf(`${token.slice(0, -2)}xx`)).toBeUndefined();
  await expect(status("Bearer nonsense")).resolves.toBe(401);
  await expect(status(`Bearer ${token}`)).resolves.toBe(404);
});

test("refuses a second cloud on the same state, and a port that something holds", async () => {
  await expect(startKernel({ stateDir, portBase: "any" })).rejects.toThrow(
    `Another local cloud runs on the state in ${stateDir}.`,
  );
  const elsewhere = join(stateDir, "elsewhere");
  await expect(startKernel({ stateDir: elsewhere, portBase: kernel.ports.control })).rejects.toThrow(
    `Port ${kernel.ports.control} (control) is taken on 127.0.0.1; free it, or move all ports with --port-base.`,
  );
});

test("keeps resources, keys and root over a restart", async () => {
  const id = grant("roles/pubsub.publisher", `serviceAccount:${ALICE}`);
  const token = await kernel.tokens.idToken(ALICE, "a");
  const root = kernel.authority.rootPem;
  await kernel.stop();
  kernel = await startKernel({ stateDir, portBase: "any" });

  expect(kernel.iam.grants()).toEqual([id]);
  await expect(kernel.tokens.verifyIdToken(token, ["a"])).resolves.toMatchObject({ email: ALICE });
  expect(kernel.authority.rootPem).toBe(root);
});

test("goes on trusting the CA of a hundred starts ago, whose certificates are still served", async () => {
  const { authority } = kernel;
  const roots = Array.from(
    { length: 100 },
    (_, start) => `-----BEGIN CERTIFICATE-----\nof start ${start}\n-----END CERTIFICATE-----`,
  );
  for (const root of roots) authority.trust(root);
  const trusted = await readFile(authority.caFile, "utf8");
  expect(roots.filter((root) => !trusted.includes(root))).toEqual([]);
});

test("replaces the file of roots as a whole: who is at reading it has the one of before", async () => {
  const { authority } = kernel;
  const before = await readFile(authority.caFile, "utf8");
  const reader = await open(authority.caFile);
  authority.trust("-----BEGIN CERTIFICATE-----\nof Pebble\n-----END CERTIFICATE-----");
  expect(await reader.readFile("utf8")).toBe(before);
  await reader.close();
  expect(await readFile(authority.caFile, "utf8")).toContain(
    `${before}-----BEGIN CERTIFICATE-----\nof Pebble`,
  );
});

async function status(authorization: string): Promise<number | undefined> {
  const ca = await readFile(kernel.authority.caFile);
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: kernel.ports.googleapis,
      path: "/v1/nothing",
      ca,
      agent: false,
    };
    request({ ...options, headers: { authorization } }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

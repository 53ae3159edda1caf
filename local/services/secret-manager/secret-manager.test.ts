import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { SecretManager } from "./secret-manager.ts";
import { SecretManagerApi } from "./secret-manager-api.ts";

const READER = "reader@p.iam.gserviceaccount.com";
const SECRET = "projects/p/secrets/fastly-token";

let stateDir: string;
let kernel: OwnedKernel;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "secrets-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  kernel.identities.serveHttp(new SecretManagerApi(kernel));
  put("gcp:secretmanager/secret:Secret", SECRET, {});
  put("gcp:secretmanager/secret:Secret", "projects/p/secrets/empty", {});
  putVersion("1", { secretData: "old" });
  putVersion("9", { secretData: "b2xk", isSecretDataBase64: true, enabled: false });
  putVersion("10", { secretDataWo: "nöw" });
  put("gcp:projects/iAMMember:IAMMember", "grant", {
    project: "p",
    role: "roles/secretmanager.secretAccessor",
    member: `serviceAccount:${READER}`,
  });
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

function put(kind: string, id: string, properties: Readonly<Record<string, unknown>>): void {
  kernel.resources.put({ kind, id, urn: `urn:${id}`, properties });
}

function putVersion(version: string, properties: object): void {
  put("gcp:secretmanager/secretVersion:SecretVersion", `${SECRET}/versions/${version}`, {
    secret: SECRET,
    version,
    ...properties,
  });
}

async function get(path: string, email = READER): Promise<{ status: number; body: unknown }> {
  const { http } = await kernel.identities.endpoints(email);
  const response = await fetch(`http://127.0.0.1:${http}/v1/${path}`);
  return { status: response.status, body: await response.json() };
}

test("latest is the version with the highest number, over HTTP and for Cloud Run alike", async () => {
  expect((await get(`${SECRET}/versions/latest:access`)).body).toMatchObject({
    name: `${SECRET}/versions/10`,
    payload: { data: Buffer.from("nöw").toString("base64") },
  });
  const payload = new SecretManager(kernel).access({ email: READER }, SECRET, "1");
  expect(payload.data.toString()).toBe("old");
});

test.each([
  ["a disabled version", 400, `${SECRET}/versions/9:access`],
  ["an absent version", 404, `${SECRET}/versions/2:access`],
  ["a secret without versions", 404, "projects/p/secrets/empty/versions/latest:access"],
  ["an absent secret", 404, "projects/p/secrets/none/versions/latest:access"],
  ["what is no version", 400, `${SECRET}/versions/newest:access`],
  ["another method", 501, `${SECRET}/versions`],
])("refuses %s by %d", async (_case, status, path) => {
  expect(await get(path)).toMatchObject({ status, body: { error: { code: status } } });
});

test("needs secretmanager.versions.access, and the refusal names it", async () => {
  expect(await get(`${SECRET}/versions/latest:access`, "nobody@p")).toMatchObject({
    status: 403,
    body: { error: { message: expect.stringContaining("secretmanager.versions.access") } },
  });
});

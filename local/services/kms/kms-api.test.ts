import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CRC32C } from "@google-cloud/storage";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import { KmsApi } from "./kms-api.ts";

const ISSUER = "issuer@p.iam.gserviceaccount.com";
const ENCRYPTER = "encrypter@p.iam.gserviceaccount.com";
const KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/backup";
const OTHER = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/other";
const SIGNING = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/signing";
const PLAINTEXT = Buffer.from("a data key of 32 bytes, as it is").toString("base64");
const DOMAIN = Buffer.from("shop.example.test/1").toString("base64");

let stateDir: string;
let kernel: OwnedKernel;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "kms-"));
  await open();
  for (const id of [KEY, OTHER, SIGNING]) makeKey(id);
  grant("issuer", ISSUER, "cryptoKeyEncrypterDecrypter");
  grant("encrypter", ENCRYPTER, "cryptoKeyEncrypter");
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

async function open(): Promise<void> {
  kernel = await startKernel({ stateDir, portBase: "any" });
  kernel.identities.serveHttp(new KmsApi(kernel));
}

function makeKey(id: string): void {
  const purpose = id === SIGNING ? "ASYMMETRIC_SIGN" : "ENCRYPT_DECRYPT";
  kernel.resources.put({
    kind: "gcp:kms/cryptoKey:CryptoKey",
    id,
    urn: `urn:${id}`,
    properties: { purpose },
  });
}

function grant(id: string, email: string, role: string): void {
  kernel.resources.put({
    kind: "gcp:projects/iAMMember:IAMMember",
    id,
    urn: `urn:${id}`,
    properties: { project: "p", role: `roles/cloudkms.${role}`, member: `serviceAccount:${email}` },
  });
}

async function call(
  path: string,
  body: object | string,
  email = ISSUER,
): Promise<{ status: number; body: Answer }> {
  const { http } = await kernel.identities.endpoints(email);
  const response = await fetch(`http://127.0.0.1:${http}/v1/${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

interface Answer {
  readonly name?: string;
  readonly ciphertext?: string;
  readonly plaintext?: string;
  readonly error?: { readonly message: string; readonly status: string };
  readonly [field: string]: unknown;
}

function checksum(base64: string): string {
  const crc = new CRC32C();
  crc.update(Buffer.from(base64, "base64"));
  return String(crc.valueOf() >>> 0);
}

async function encrypt(): Promise<string> {
  const { body } = await call(`${KEY}:encrypt`, {
    plaintext: PLAINTEXT,
    additionalAuthenticatedData: DOMAIN,
  });
  return body.ciphertext ?? "";
}

describe("Cloud KMS", () => {
  test("decrypts what it encrypted, also after a restart, and verifies checksums both ways", async () => {
    const encrypted = await call(`${KEY}:encrypt`, {
      plaintext: PLAINTEXT,
      plaintextCrc32c: checksum(PLAINTEXT),
      additionalAuthenticatedData: DOMAIN,
      additionalAuthenticatedDataCrc32c: Number(checksum(DOMAIN)),
    });
    const { ciphertext = "" } = encrypted.body;
    expect(encrypted.body).toMatchObject({
      name: `${KEY}/cryptoKeyVersions/1`,
      ciphertextCrc32c: checksum(ciphertext),
      verifiedPlaintextCrc32c: true,
      verifiedAdditionalAuthenticatedDataCrc32c: true,
    });
    expect(Buffer.from(ciphertext, "base64").includes(Buffer.from(PLAINTEXT, "base64"))).toBe(false);
    expect(await encrypt()).not.toBe(ciphertext);

    await kernel.stop();
    await open();
    const decrypted = await call(`${KEY}:decrypt`, {
      ciphertext,
      ciphertextCrc32c: checksum(ciphertext),
      additionalAuthenticatedData: DOMAIN,
    });
    expect(decrypted.body).toMatchObject({ plaintext: PLAINTEXT, plaintextCrc32c: checksum(PLAINTEXT) });
  });

  test("decrypts nothing with other data, another key or a changed byte", async () => {
    const ciphertext = await encrypt();
    const changed = Buffer.from(ciphertext, "base64");
    changed.writeUInt8((changed.at(-20) ?? 0) ^ 1, changed.length - 20);
    for (const [key, body] of [
      [KEY, { ciphertext }],
      [KEY, { ciphertext, additionalAuthenticatedData: PLAINTEXT }],
      [OTHER, { ciphertext, additionalAuthenticatedData: DOMAIN }],
      [KEY, { ciphertext: changed.toString("base64"), additionalAuthenticatedData: DOMAIN }],
      [KEY, { ciphertext: "AQ==", additionalAuthenticatedData: DOMAIN }],
    ] as const) {
      const { status, body: answer } = await call(`${key}:decrypt`, body);
      expect(status).toBe(400);
      expect(answer.error).toMatchObject({
        status: "INVALID_ARGUMENT",
        message: expect.stringMatching(/^Decryption failed/),
      });
    }
  });

  test("decrypts nothing of a key that was destroyed, even when there is one of its name again", async () => {
    const { body } = await call(`${OTHER}:encrypt`, { plaintext: PLAINTEXT });
    kernel.resources.remove("gcp:kms/cryptoKey:CryptoKey", OTHER);
    const decrypt = () => call(`${OTHER}:decrypt`, { ciphertext: body.ciphertext });
    expect((await decrypt()).status).toBe(404);
    makeKey(OTHER);
    expect((await decrypt()).status).toBe(400);
  });

  test("needs the permission for each direction, and names it", async () => {
    const ciphertext = await encrypt();
    const denied = await call(
      `${KEY}:decrypt`,
      { ciphertext, additionalAuthenticatedData: DOMAIN },
      ENCRYPTER,
    );
    expect(denied.status).toBe(403);
    expect(denied.body.error).toMatchObject({
      status: "PERMISSION_DENIED",
      message: expect.stringContaining("cloudkms.cryptoKeyVersions.useToDecrypt"),
    });
    expect((await call(`${KEY}:encrypt`, { plaintext: PLAINTEXT }, ENCRYPTER)).status).toBe(200);
    expect((await call(`${KEY}:encrypt`, { plaintext: PLAINTEXT }, "nobody@p")).status).toBe(403);
  });

  test.each<[string, number, string, object | string]>([
    ["a wrong checksum", 400, `${KEY}:encrypt`, { plaintext: PLAINTEXT, plaintextCrc32c: "1" }],
    ["what is not base64", 400, `${KEY}:encrypt`, { plaintext: "ä" }],
    ["what is not JSON", 400, `${KEY}:encrypt`, "{"],
    ["an array", 400, `${KEY}:encrypt`, []],
    ["an unknown field", 400, `${KEY}:encrypt`, { plaintext: PLAINTEXT, aad: DOMAIN }],
    [
      "a plaintext over 64 KiB",
      400,
      `${KEY}:encrypt`,
      { plaintext: Buffer.alloc(65_537).toString("base64") },
    ],
    ["a body over its limit", 400, `${KEY}:encrypt`, { plaintext: "A".repeat(300_000) }],
    ["a key that is none", 404, `${KEY}x:encrypt`, { plaintext: PLAINTEXT }],
    ["a key for signing", 400, `${SIGNING}:encrypt`, { plaintext: PLAINTEXT }],
    ["another method", 501, `${SIGNING}/cryptoKeyVersions/1:asymmetricSign`, {}],
  ])("refuses %s by %d", async (_case, status, path, body) => {
    const answer = await call(path, body);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: status, message: expect.any(String) });
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { KmsApi } from "../../local/services/kms/kms-api.ts";
import { type OwnedKernel, startKernel } from "../../local/services/start-kernel.ts";
import { type KeyWrapper, openKeyWrapper } from "../../runtime/google/key-wrapper.ts";
import { TestKeyWrapper } from "../../runtime/google/testing/key-wrapper.ts";
import { MemoryKmsApi } from "../../runtime/google/testing/memory-kms-api.ts";
import { SYSTEM_CLOCK } from "../../runtime/workload/clock.ts";
import { Secret } from "../../runtime/workload/secret.ts";

const ISSUER = "issuer@p.iam.gserviceaccount.com";
const KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/backup";
const DATA_KEY = Buffer.from("a data key of 32 bytes, as it is");
const OWNER = Buffer.from("shop.example.test/1");
const tokens = { get: async () => "token" };

const stateDir = mkdtempSync(join(tmpdir(), "kms-contract-"));
let kernel: OwnedKernel;

beforeAll(async () => {
  kernel = await startKernel({ stateDir, portBase: "any" });
  kernel.identities.serveHttp(new KmsApi(kernel));
  const put = (kind: string, id: string, properties: object) =>
    kernel.resources.put({ kind, id, urn: `urn:${id}`, properties: { ...properties } });
  put("gcp:kms/cryptoKey:CryptoKey", KEY, { purpose: "ENCRYPT_DECRYPT" });
  const role = "roles/cloudkms.cryptoKeyEncrypterDecrypter";
  put("gcp:projects/iAMMember:IAMMember", "i", { project: "p", role, member: `serviceAccount:${ISSUER}` });
});

afterAll(async () => {
  await kernel.stop();
  rmSync(stateDir, { recursive: true });
});

const WRAPPERS: readonly [string, () => KeyWrapper | Promise<KeyWrapper>][] = [
  ["a key in memory", () => new TestKeyWrapper()],
  [
    "our client on KMS in memory",
    () => {
      const api = new MemoryKmsApi();
      const send: MemoryKmsApi["send"] = (url, request) => api.send(url, request);
      return openKeyWrapper({
        endpoint: "http://kms.test",
        key: KEY,
        tokens,
        transport: { send, clock: SYSTEM_CLOCK },
      });
    },
  ],
  [
    "our client on local KMS",
    async () => {
      const { http } = await kernel.identities.endpoints(ISSUER);
      return openKeyWrapper({ endpoint: `http://127.0.0.1:${http}`, key: KEY, tokens });
    },
  ],
];

describe.each(WRAPPERS)("%s", (_name, open) => {
  test("unwraps what it wrapped, for the same owner alone", async () => {
    const wrapper = await open();
    const wrapped = await wrapper.wrap(new Secret(DATA_KEY), OWNER);
    expect(wrapped.includes(DATA_KEY)).toBe(false);
    expect((await wrapper.unwrap(wrapped, OWNER)).reveal()).toEqual(DATA_KEY);
    await expect(wrapper.unwrap(wrapped, Buffer.from("other.example.test/1"))).rejects.toThrow();
  });

  test("wraps the same key differently each time, and opens nothing that was changed", async () => {
    const wrapper = await open();
    const wrapped = await wrapper.wrap(new Secret(DATA_KEY), OWNER);
    expect(await wrapper.wrap(new Secret(DATA_KEY), OWNER)).not.toEqual(wrapped);
    const last = wrapped.length - 1;
    wrapped.writeUInt8(wrapped.readUInt8(last) ^ 1, last);
    await expect(wrapper.unwrap(wrapped, OWNER)).rejects.toThrow();
  });
});

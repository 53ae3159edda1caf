import { beforeEach, expect, test } from "@jest/globals";
import { TestKeyWrapper } from "../../google/testing/key-wrapper.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { Secret } from "../../workload/secret.ts";
import { accountKey, newEcdsaKey } from "../acme/account-key.ts";
import { type CertificateBackups, openCertificateBackups } from "./certificate-backups.ts";
import { createDataKey } from "./envelope.ts";

const CHAIN = "-----BEGIN CERTIFICATE-----\nMIIBcanary\n-----END CERTIFICATE-----\n";
const DESCRIPTION = {
  notBefore: "2029-01-01T00:00:00.000Z",
  notAfter: "2030-01-01T00:00:00.000Z",
  serial: "01ab",
  issuer: "CN=Test",
};

let objects: MemoryObjectStore;
let wrapper: TestKeyWrapper;
let backups: CertificateBackups;

beforeEach(() => {
  objects = new MemoryObjectStore();
  wrapper = new TestKeyWrapper();
  backups = openCertificateBackups(objects, wrapper);
});

async function save(domain: string, version: string): Promise<Secret<string>> {
  const { keyPem, dataKey } = await backups.orderKey(domain, version, newEcdsaKey);
  await backups.save(domain, version, { chainPem: CHAIN, keyPem }, dataKey, DESCRIPTION);
  return keyPem;
}

async function bytesOf(name: string): Promise<Buffer> {
  return (await objects.read(name))?.bytes ?? Buffer.alloc(0);
}

test("gives back the chain and the key, and has neither in its bytes", async () => {
  const keyPem = await save("shop.example.test", "00000001");
  const backup = await backups.read("shop.example.test", "00000001");
  expect(backup?.chainPem).toBe(CHAIN);
  expect(backup?.keyPem.reveal()).toBe(keyPem.reveal());

  await accountKey(objects, wrapper, "https://ca.example/dir");
  expect(objects.names).toHaveLength(3);
  for (const name of objects.names) {
    const text = (await bytesOf(name)).toString("utf8");
    expect(text).not.toMatch(/-----|BEGIN|canary/);
    expect(text).not.toContain(Buffer.from(CHAIN).toString("base64").slice(0, 40));
    expect(text).not.toContain(keyPem.reveal().split("\n")[1]);
  }
  expect(
    JSON.parse((await bytesOf("certificates/shop.example.test/00000001.json")).toString()),
  ).toMatchObject({
    owner: "shop.example.test",
    version: "00000001",
    description: DESCRIPTION,
  });
});

test.each([
  ["another domain's", "certificates/other.example.test/00000001.json", "other.example.test", "00000001"],
  ["another version's", "certificates/shop.example.test/00000002.json", "shop.example.test", "00000002"],
])("does not open under %s name", async (_whose, name, domain, version) => {
  await save("shop.example.test", "00000001");
  await objects.create(name, await bytesOf("certificates/shop.example.test/00000001.json"));
  await expect(backups.read(domain, version)).rejects.toThrow();
});

test("does not open with its data key in another's envelope, nor with its kind changed or a bit flipped", async () => {
  await save("shop.example.test", "00000001");
  const certificate = JSON.parse((await bytesOf("certificates/shop.example.test/00000001.json")).toString());
  const orderKey = JSON.parse((await bytesOf("orders/shop.example.test/00000001/key.json")).toString());
  expect(orderKey.wrappedKey).toBe(certificate.wrappedKey);
  const flipped = Buffer.from(certificate.ciphertext, "base64");
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  const stranger = await createDataKey(wrapper, { owner: "shop.example.test", version: "00000001" });
  const changes = [
    { ciphertext: orderKey.ciphertext, nonce: orderKey.nonce },
    { wrappedKey: stranger.wrapped.toString("base64") },
    { ciphertext: flipped.toString("base64") },
  ];
  for (const change of changes) {
    await objects.remove("certificates/shop.example.test/00000001.json");
    await objects.create(
      "certificates/shop.example.test/00000001.json",
      JSON.stringify({ ...certificate, ...change }),
    );
    await expect(backups.read("shop.example.test", "00000001")).rejects.toMatchObject({
      code: "ENVELOPE_BROKEN",
    });
  }
});

test("binds each data key in KMS to its domain and version", async () => {
  const contexts: string[] = [];
  const { wrap } = wrapper;
  wrapper.wrap = (key, additionalData) => {
    contexts.push(additionalData.toString());
    return wrap.call(wrapper, key, additionalData);
  };
  await save("shop.example.test", "00000001");
  await save("shop.example.test", "00000002");
  expect(contexts.map((context) => JSON.parse(context))).toEqual([
    ["envelope/1", "shop.example.test", "00000001"],
    ["envelope/1", "shop.example.test", "00000002"],
  ]);
});

test("makes one key for an order, however many ask at once", async () => {
  const keys = await Promise.all(
    Array.from({ length: 8 }, () => backups.orderKey("shop.example.test", "00000001", newEcdsaKey)),
  );
  expect(new Set(keys.map(({ keyPem }) => keyPem.reveal())).size).toBe(1);
});

test("makes one account key for a CA, however many ask at once, and another for another CA", async () => {
  const ask = (url: string) => accountKey(objects, wrapper, url);
  const keys = await Promise.all([1, 2, 3, 4].map(() => ask("https://ca.example/dir")));
  expect(new Set(keys.map((key) => key.reveal())).size).toBe(1);
  expect((await ask("https://other.example/dir")).reveal()).not.toBe(keys[0]?.reveal());
});

test("never overwrites, and finds the newest version", async () => {
  await save("shop.example.test", "00000009");
  await save("shop.example.test", "00000010");
  await save("shop.example.test.evil.test", "00000011");
  const { keyPem, dataKey } = await backups.orderKey("shop.example.test", "00000010", newEcdsaKey);
  const again = await backups.save(
    "shop.example.test",
    "00000010",
    { chainPem: "other", keyPem },
    dataKey,
    DESCRIPTION,
  );
  expect(again).toBe("exists");
  expect((await backups.read("shop.example.test", "00000010"))?.chainPem).toBe(CHAIN);
  expect(await backups.newest("shop.example.test")).toBe("00000010");
  expect(await backups.newest("none.example.test")).toBeUndefined();
});

test("shows no key when printed, serialised or thrown", async () => {
  const keyPem = await save("shop.example.test", "00000001");
  const backup = await backups.read("shop.example.test", "00000001");
  expect(`${keyPem}${JSON.stringify(backup)}${String(new Error(`${backup?.keyPem}`))}`).not.toContain(
    "PRIVATE KEY",
  );
  expect(new Secret("x").reveal()).toBe("x");
});

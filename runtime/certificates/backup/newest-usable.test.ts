import { beforeAll, beforeEach, expect, test } from "@jest/globals";
import { KmsError } from "../../google/key-wrapper.ts";
import { TestKeyWrapper } from "../../google/testing/key-wrapper.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { Secret } from "../../workload/secret.ts";
import { TestIssuingKey } from "../testing/issuing-key.ts";
import { type CertificateBackups, openCertificateBackups } from "./certificate-backups.ts";
import { inWords, newestUsable } from "./newest-usable.ts";

const DOMAIN = "shop.example.test";
const DESCRIPTION = {
  notBefore: "2029-01-01T00:00:00.000Z",
  notAfter: "2030-01-01T00:00:00.000Z",
  serial: "01",
  issuer: "CN=Test",
};
const DAY_MS = 86_400_000;

let issuer: TestIssuingKey;
let objects: MemoryObjectStore;
let wrapper: TestKeyWrapper;
let backups: CertificateBackups;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

beforeEach(() => {
  objects = new MemoryObjectStore();
  wrapper = new TestKeyWrapper();
  backups = openCertificateBackups(objects, wrapper);
});

async function save(version: string, name = DOMAIN): Promise<void> {
  const { cert, key } = await issuer.server([{ dns: name }]);
  const { keyPem, dataKey } = await backups.orderKey(DOMAIN, version, () => new Secret(key));
  await backups.save(DOMAIN, version, { chainPem: cert, keyPem }, dataKey, DESCRIPTION);
}

async function damage(version: string, change: (text: string) => string): Promise<void> {
  const name = `certificates/${DOMAIN}/${version}.json`;
  const found = await objects.read(name);
  if (!found) throw new Error(`${name} is not there`);
  await objects.replace(name, change(found.bytes.toString("utf8")), found.generation);
}

test("takes the newest backup", async () => {
  for (const version of ["00000001", "00000010", "00000009"]) await save(version);
  const { backup, passedOver } = await newestUsable(backups, DOMAIN, new Date());
  expect(backup).toMatchObject({ version: "00000010" });
  expect(backup?.leaf.checkHost(DOMAIN)).toBe(DOMAIN);
  expect(passedOver).toEqual([]);
});

test.each<[string, (text: string) => string]>([
  ["is truncated", (text) => text.slice(0, text.length / 2)],
  ["is empty", () => ""],
  ["has a changed ciphertext", (text) => text.replace(/("ciphertext": ")./, "$1_")],
  ["has another nonce", (text) => text.replace(/("nonce": ").{4}/, "$1AAAA")],
  ["has a key that KMS refuses", (text) => text.replace(/("wrappedKey": ").{4}/, "$1AAAA")],
])("takes an older one where the newest %s, and says so", async (_what, change) => {
  await save("00000001");
  await save("00000002");
  await damage("00000002", change);
  const { backup, passedOver } = await newestUsable(backups, DOMAIN, new Date());
  expect(backup?.version).toBe("00000001");
  expect(inWords(passedOver)).toBe("Backup 00000002 cannot be opened.");
});

test("passes over what is another name's, and what has expired", async () => {
  await save("00000001");
  await save("00000002", "other.example.test");
  const later = new Date(Date.now() + 40 * DAY_MS);
  const expired = await newestUsable(backups, DOMAIN, later);
  expect(expired.backup).toBeUndefined();
  expect(inWords(expired.passedOver)).toMatch(
    /^Backup 00000002 is not for shop\.example\.test\. Backup 00000001 expired at .+Z\.$/,
  );
});

test("passes over a certificate whose key is another's", async () => {
  await save("00000001");
  const [one, other] = await Promise.all([1, 2].map(() => issuer.server([{ dns: DOMAIN }])));
  const { keyPem, dataKey } = await backups.orderKey(DOMAIN, "00000002", () => new Secret(one?.key ?? ""));
  await backups.save(DOMAIN, "00000002", { chainPem: other?.cert ?? "", keyPem }, dataKey, DESCRIPTION);
  const { backup, passedOver } = await newestUsable(backups, DOMAIN, new Date());
  expect(backup?.version).toBe("00000001");
  expect(passedOver).toEqual([{ version: "00000002", why: "holds another certificate's key" }]);
});

test("judges no backup while KMS does not answer", async () => {
  await save("00000001");
  wrapper.unwrap = async () => {
    throw new KmsError("no answer");
  };
  await expect(newestUsable(backups, DOMAIN, new Date())).rejects.toThrow("no answer");
});

test("finds nothing where there is nothing", async () => {
  expect(await newestUsable(backups, DOMAIN, new Date())).toEqual({ backup: undefined, passedOver: [] });
});

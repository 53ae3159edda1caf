import { X509Certificate } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openCertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import { openFindings } from "../../certificates/registry/findings.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import { Secret } from "../../workload/secret.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const RESTORE = { action: "restore", domain: DOMAIN, orderNumber: 2, request: "asked" } as const;

let world: TestWorld;
let issuer: TestIssuingKey;

beforeEach(async () => {
  issuer = await TestIssuingKey.create();
  world = await TestWorld.create(issuer);
  await world.register(DOMAIN, { lifecycle: "active", orderNumber: 2 });
});

afterEach(() => world.end());

/** @returns its serial number */
async function backUp(version: string): Promise<string> {
  const { cert, key } = await issuer.server([{ dns: DOMAIN }]);
  const backups = openCertificateBackups(world.backupObjects, world.wrapper);
  const { keyPem, dataKey } = await backups.orderKey(DOMAIN, version, () => new Secret(key));
  const serial = new X509Certificate(cert).serialNumber.toLowerCase();
  await backups.save(DOMAIN, version, { chainPem: cert, keyPem }, dataKey, certificateFacts(cert));
  return serial;
}

async function truncate(version: string): Promise<void> {
  const name = `certificates/${DOMAIN}/${version}.json`;
  const { bytes, generation } = (await world.backupObjects.read(name)) ?? { bytes: "", generation: "" };
  await world.backupObjects.replace(name, bytes.slice(0, 200), generation);
}

const finding = () => openFindings(world.registryObjects).read(DOMAIN);

test("takes an older backup where the newest is truncated, and says so to whoever asked", async () => {
  const serial = await backUp("00000001");
  await backUp("00000002");
  await truncate("00000002");

  await expect(world.deliver(RESTORE)).resolves.toEqual({ kind: "done" });
  expect(world.fastly.served(DOMAIN)?.serialNumber.toLowerCase()).toBe(serial);
  expect(await finding()).toMatchObject({
    request: "asked",
    outcome: "restored",
    backup: { version: "00000001", serial },
    passedOver: [{ version: "00000002", why: "cannot be opened" }],
  });
  expect(world.logs).toContain("Older backup taken. Backup 00000002 cannot be opened.");
});

test("ends, with the reason for each, where no backup is of use", async () => {
  await backUp("00000001");
  await truncate("00000001");

  const reason = `No backup of ${DOMAIN} can be used. Backup 00000001 cannot be opened.`;
  await expect(world.deliver(RESTORE)).resolves.toEqual({ kind: "dropped", reason });
  expect(await finding()).toMatchObject({ outcome: "refused", reason, backup: null, retryAt: null });
  expect(world.fastly.activations).toEqual([]);
});

test("says from when on the CDN takes it, where the hour's writes are spent", async () => {
  await backUp("00000001");
  const resetAt = Math.ceil(Date.now() / 1000) + 1_800;
  world.fastly.refuse = (call) =>
    call.startsWith("POST /tls")
      ? { status: 429, headers: { "fastly-ratelimit-reset": String(resetAt) } }
      : undefined;

  await expect(world.deliver(RESTORE)).resolves.toMatchObject({ kind: "dropped" });
  expect(await finding()).toMatchObject({
    outcome: "refused",
    retryAt: new Date(resetAt * 1000).toISOString(),
  });
});

test("restores no backup of the customer who had the name before", async () => {
  await backUp("00000001");
  await world.change(DOMAIN, { firstOrderNumber: 2 });
  await world.deliver(RESTORE);
  expect(world.fastly.served(DOMAIN)).toBeUndefined();
  expect(await finding()).toMatchObject({ outcome: "refused", reason: `${DOMAIN} has no backup.` });
  const serial = await backUp("00000002");
  await world.deliver(RESTORE);
  expect(world.fastly.served(DOMAIN)?.serialNumber.toLowerCase()).toBe(serial);
});

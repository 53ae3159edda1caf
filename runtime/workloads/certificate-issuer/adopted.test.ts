import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openCertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import { createDataKey } from "../../certificates/backup/envelope.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import { Secret } from "../../workload/secret.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const ISSUE = { action: "issue", domain: DOMAIN, orderNumber: 1 } as const;

let world: TestWorld;
let issuer: TestIssuingKey;

beforeEach(async () => {
  issuer = await TestIssuingKey.create();
  world = await TestWorld.create(issuer);
});

afterEach(() => world.end());

/** As the API and the operator's command leave it. */
async function adopted(): Promise<string> {
  const { cert, key } = await issuer.server([{ dns: DOMAIN }]);
  const facts = certificateFacts(cert);
  const version = `00000000-${facts.serial}`;
  const dataKey = await createDataKey(world.wrapper, { owner: DOMAIN, version });
  const backups = openCertificateBackups(world.backupObjects, world.wrapper);
  await backups.save(DOMAIN, version, { chainPem: cert, keyPem: new Secret(key) }, dataKey, facts);
  const at = world.now().toISOString();
  await world.registry.create({
    domain: DOMAIN,
    customer: "customer@example.test",
    lifecycle: "registered",
    orderNumber: 1,
    registeredAt: at,
    updatedAt: at,
  });
  await world.registry.append(DOMAIN, 1, { phase: "validated", at, detail: { adopted: "true" } });
  await world.registry.append(DOMAIN, 1, { phase: "backed-up", at, detail: { ...facts, version } });
  return version;
}

test("links and activates what was adopted, without an order", async () => {
  const version = await adopted();
  await expect(world.deliver(ISSUE)).resolves.toEqual({ kind: "done" });
  expect(world.ca.calls).toEqual([]);
  expect(world.fastly.domains).toMatchObject([{ fqdn: DOMAIN, service_id: "service" }]);
  expect(world.fastly.served(DOMAIN)?.serialNumber.toLowerCase()).toBe(version.split("-")[1]);
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active", version });
});

test("says whose a name is at the CDN that is not free, and activates nothing", async () => {
  await adopted();
  world.fastly.domains.push({ id: "d1", fqdn: DOMAIN, service_id: "another" });
  await expect(world.deliver(ISSUE)).resolves.toMatchObject({ kind: "dropped" });
  expect(await world.record(DOMAIN)).toMatchObject({
    lifecycle: "failed",
    reason: `${DOMAIN} is already in use at Fastly by another service.`,
  });
  expect(world.fastly.activations).toEqual([]);
});

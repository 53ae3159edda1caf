import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { openFindings } from "../../certificates/registry/findings.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const BACKUP = `certificates/${DOMAIN}/00000001.json`;

let world: TestWorld;

beforeEach(async () => {
  world = await TestWorld.create();
  await world.register(DOMAIN);
  world.fastly.domains.push({ id: "d", fqdn: DOMAIN, service_id: "service" });
  await world.deliver({ action: "issue", domain: DOMAIN, orderNumber: 1 });
  world.fastly.calls.length = 0;
});

afterEach(() => world.end());

async function verified(request = "asked-once") {
  await expect(world.deliver({ action: "verify", domain: DOMAIN, orderNumber: 1, request })).resolves.toEqual(
    { kind: "done" },
  );
  return openFindings(world.registryObjects).read(DOMAIN);
}

test("finds backup and CDN in agreement, and changes nothing", async () => {
  const record = await world.record(DOMAIN);
  expect(await verified()).toMatchObject({
    request: "asked-once",
    outcome: "verified",
    backup: { version: "00000001", serial: world.fastly.served(DOMAIN)?.serialNumber.toLowerCase() },
    passedOver: [],
    activated: "this",
    linked: "ours",
  });
  expect(world.fastly.calls.filter((call) => !call.startsWith("GET "))).toEqual([]);
  expect(await world.record(DOMAIN)).toEqual(record);
});

test("finds a name that the CDN serves with nothing, and links to no service", async () => {
  world.fastly.activations.length = 0;
  world.fastly.domains.length = 0;
  expect(await verified()).toMatchObject({ activated: "none", linked: "none" });
});

test("finds a name that is served with another certificate, and is another service's", async () => {
  const [activation] = world.fastly.activations;
  if (!activation) throw new Error("Nothing is activated.");
  activation.certificate = "another";
  world.fastly.domains.splice(0, 1, { id: "d", fqdn: DOMAIN, service_id: "other" });
  expect(await verified()).toMatchObject({ activated: "another", linked: "another's" });
});

test("finds a backup that does not open, and answers the last who asked", async () => {
  const found = await world.backupObjects.read(BACKUP);
  await world.backupObjects.replace(BACKUP, found?.bytes.subarray(0, 99) ?? "", found?.generation ?? "");
  await verified();
  expect(await verified("asked-again")).toMatchObject({
    request: "asked-again",
    backup: null,
    passedOver: [{ version: "00000001", why: "cannot be opened" }],
    activated: null,
  });
  const alerts = openAlerts(world.registryObjects, () => world.now());
  expect(await alerts.open(DOMAIN)).toMatchObject([{ problem: "backup-unreadable" }]);
  await world.backupObjects.remove(BACKUP);
  await world.backupObjects.create(BACKUP, found?.bytes ?? "");
  expect(await verified("asked-last")).toMatchObject({ passedOver: [] });
  expect(await alerts.open(DOMAIN)).toEqual([]);
});

test("keeps nothing where the domain is gone", async () => {
  const verify = world.deliver({
    action: "verify",
    domain: "gone.example.test",
    orderNumber: 1,
    request: "r",
  });
  await expect(verify).resolves.toMatchObject({ kind: "dropped" });
  expect(world.registryObjects.names.join()).not.toContain("gone.example.test");
});

import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import { openCertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { startRemoval } from "../../certificates/registry/transitions.ts";
import { TestFastly } from "../../certificates/testing/fastly.ts";
import type { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const ISSUE: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };
const RESTORE: Issuing = { ...ISSUE, action: "restore", request: "asked" };

let world: TestWorld;
/** A private key that is easily told from all else. */
let pem: string;
let outcomes: unknown[];

beforeEach(async () => {
  world = await TestWorld.create();
  await world.register(DOMAIN);
  outcomes = [];
  const backups = openCertificateBackups(world.backupObjects, world.wrapper);
  const { keyPem } = await backups.orderKey(DOMAIN, "00000001", newEcdsaKey);
  pem = keyPem.reveal();
});

afterEach(() => world.end());

const deliver = async (message: Issuing) => outcomes.push(await world.deliver(message));

/** All that others than the issuer can read: logs, what it answers and tells, and every object, names and metadata included. */
async function told(): Promise<string> {
  const stores = [world.registryObjects, world.challengeObjects, world.backupObjects, world.budgetObjects];
  const objects = await Promise.all(stores.map(contents));
  return [world.logs, JSON.stringify(outcomes), JSON.stringify(world.events.events), ...objects].join("\n");
}

async function contents(objects: MemoryObjectStore): Promise<string> {
  const texts = objects.names.map(async (name) => (await objects.read(name))?.bytes.toString("latin1"));
  const { objects: listed } = await objects.list({ prefix: "", pageSize: 1_000 });
  return [JSON.stringify(listed), ...(await Promise.all(texts))].join("\n");
}

async function expectNothingTold(): Promise<void> {
  const all = await told();
  const base64 = pem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const der = Buffer.from(base64, "base64");
  expect(all).toContain(DOMAIN);
  const lines = pem.split("\n").filter((text) => text.length > 20 && !text.startsWith("-"));
  const canaries = [TestFastly.token, base64, der.toString("hex"), der.toString("latin1"), ...lines];
  expect(canaries.filter((canary) => all.includes(canary))).toEqual([]);
}

test("a domain's whole life tells nobody its key, nor the CDN's token", async () => {
  await deliver(ISSUE);
  // The key was used: it is what the CDN has.
  expect(world.fastly.served(DOMAIN)).toBeDefined();
  await deliver(RESTORE);
  await deliver({ ...RESTORE, action: "verify" });
  await change(world.registry, DOMAIN, (record) => startRemoval(record, world.now()));
  await deliver({ ...ISSUE, action: "remove" });
  expect(outcomes).toEqual([{ kind: "done" }, { kind: "done" }, { kind: "done" }, { kind: "done" }]);
  await expectNothingTold();
});

test.each([
  ["POST /tls/private_keys", 400],
  ["POST /tls/private_keys", 500],
  ["POST /tls/certificates", 422],
  ["POST /tls/activations", 400],
  ["GET /tls/activations", 401],
])(
  "a CDN that answers %s with %d and repeats what it was sent does not make us tell it",
  async (refused, status) => {
    const said = {
      msg: `The key ${pem} of ${TestFastly.token}`,
      errors: [{ detail: TestFastly.token + pem }],
    };
    world.fastly.refuse = (call) => (call === refused ? { status, body: said } : undefined);
    await deliver(ISSUE);
    await deliver(ISSUE);
    await deliver(RESTORE);
    expect(world.fastly.calls).toContain(refused);
    await expectNothingTold();
  },
);

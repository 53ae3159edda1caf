import { X509Certificate } from "node:crypto";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openCertificateBackups } from "../../certificates/backup/certificate-backups.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import type { Crash } from "./testing/life.ts";
import { TestWorld } from "./testing/world.ts";

const DOMAIN = "shop.example.test";
const ISSUE: Issuing = { action: "issue", domain: DOMAIN, orderNumber: 1 };
/** Enough to go past the last call of every action. */
const MAX_CALLS = 100;
const MAX_REDELIVERIES = 2;

let issuer: TestIssuingKey;
let world: TestWorld;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

beforeEach(async () => {
  world = await TestWorld.create(issuer);
});

afterEach(() => world.end());

async function restart(): Promise<void> {
  await world.end();
  world = await TestWorld.create(issuer);
}

/** Delivers again, after the dead one's lease, until done. @returns how often */
async function redeliver(message: Issuing): Promise<number> {
  for (let count = 1; ; count++) {
    world.outliveLeases();
    const outcome = await world.deliver(message);
    if (outcome !== "died" && outcome.kind === "done") return count;
    if (count === MAX_REDELIVERIES) return Number.POSITIVE_INFINITY;
  }
}

async function expectLive(): Promise<void> {
  const { fastly, ca, registry, backupObjects, challengeObjects } = world;
  expect(await world.record(DOMAIN)).toMatchObject({ lifecycle: "active" });
  expect((await registry.journal(DOMAIN, 1)).at(-1)?.phase).toBe("cleaned");
  expect(ca.finalized).toEqual([DOMAIN]);
  const counts = [fastly.keys.length, fastly.certificates.length, fastly.activations.length];
  expect(counts).toEqual([1, 1, 1]);
  const backup = await openCertificateBackups(backupObjects, world.wrapper).read(DOMAIN, "00000001");
  expect(fastly.served(DOMAIN)?.serialNumber).toBe(new X509Certificate(backup?.chainPem ?? "").serialNumber);
  expect(challengeObjects.names).toEqual([]);
}

async function crashEverywhere(
  when: Crash["when"],
  prepare: () => Promise<void>,
  message: Issuing,
  check: () => Promise<void>,
): Promise<number> {
  for (let at = 1; at <= MAX_CALLS; at++) {
    await restart();
    await prepare();
    const outcome = await world.deliver(message, { at, when });
    if (outcome !== "died") {
      expect(outcome).toEqual({ kind: "done" });
      return at - 1;
    }
    const redeliveries = await redeliver(message);
    expect({ at, redeliveries }).toEqual({ at, redeliveries: expect.any(Number) });
    expect(redeliveries).toBeLessThanOrEqual(MAX_REDELIVERIES);
    await check();
  }
  throw new Error(`More than ${MAX_CALLS} calls.`);
}

test.each(["before", "after"] as const)(
  "an issuer killed right %s any call leaves what a redelivery finishes: one finalised ACME order, no orphans",
  async (when) => {
    const calls = await crashEverywhere(when, () => world.register(DOMAIN), ISSUE, expectLive);
    expect(calls).toBeGreaterThan(30);
  },
);

test("an issuer killed twice, anywhere, is still made good", async () => {
  for (let run = 0; run < 25; run++) {
    await restart();
    await world.register(DOMAIN);
    for (const at of [1 + ((run * 7) % 38), 1 + ((run * 11) % 30)]) {
      await world.deliver(ISSUE, { at, when: run % 2 === 0 ? "after" : "before" });
      world.outliveLeases();
    }
    expect(await redeliver(ISSUE)).toBeLessThanOrEqual(MAX_REDELIVERIES);
    await expectLive();
  }
});

test.each(["before", "after"] as const)(
  "a remover killed right %s any call leaves nothing behind in the end",
  async (when) => {
    const prepare = async () => {
      await world.register(DOMAIN);
      await world.ports().domains.link(DOMAIN);
      await world.deliver(ISSUE);
      await world.challengeObjects.create(`${DOMAIN}/.well-known/acme-challenge/left`, "over");
      await world.change(DOMAIN, { lifecycle: "removing" });
    };
    const remove: Issuing = { ...ISSUE, action: "remove" };
    await crashEverywhere(when, prepare, remove, async () => {
      const { fastly, registryObjects, challengeObjects, backupObjects } = world;
      expect([fastly.keys, fastly.certificates, fastly.activations, fastly.domains]).toEqual([
        [],
        [],
        [],
        [],
      ]);
      expect(challengeObjects.names).toEqual([]);
      expect(registryObjects.names.filter((name) => /^(domains|orders)\//.test(name))).toEqual([]);
      expect(backupObjects.names).toContain(`certificates/${DOMAIN}/00000001.json`);
    });
  },
);

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import { openCertificateAuthority } from "../../certificates/acme/acme-certificate-authority.ts";
import type { ListedAuthority } from "../../certificates/acme/certificate-authorities.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { problem, TestCertificateAuthority } from "../../certificates/testing/certificate-authority.ts";
import { refusal } from "../../certificates/testing/faulty-ca.ts";
import { TestIssuingKey } from "../../certificates/testing/issuing-key.ts";
import { TestPebble } from "../../certificates/testing/pebble.ts";
import { Secret } from "../../workload/secret.ts";
import { FaultyCaWorld } from "./testing/faulty-ca-world.ts";

const ALWAYS = Number.POSITIVE_INFINITY;
const HMAC_KEY = randomBytes(32).toString("base64url");

let at: FaultyCaWorld;
/** Wants an external account. */
let second: TestPebble;

beforeAll(async () => {
  at = await FaultyCaWorld.start();
  second = await TestPebble.start(at.challengePort, { "key-1": HMAC_KEY });
});

beforeEach(async () => {
  at.accountKey = newEcdsaKey();
  await at.renew();
  at.authorities = [at.authorities[0], secondWith(HMAC_KEY)];
});

afterAll(async () => {
  await second.stop();
  await at.stop();
});

function secondWith(hmacKey: string | undefined): ListedAuthority {
  const key = newEcdsaKey();
  const ca = openCertificateAuthority({
    directoryUrl: second.directoryUrl,
    contact: "mailto:operator@example.test",
    profile: "",
    accountKey: async () => key,
    ...(hmacKey !== undefined && { externalAccount: { keyId: "key-1", hmacKey: new Secret(hmacKey) } }),
  });
  return { name: "second", ca };
}

const openProblems = async (subject: string) =>
  (await openAlerts(at.world.registryObjects, () => at.world.now()).open(subject)).map(
    ({ problem }) => problem,
  );

async function expectServedBy(ca: string): Promise<void> {
  expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
  expect(await at.record()).toMatchObject({ lifecycle: "active", ca });
  expect(at.errors()).toEqual([]);
}

describe("the next CA is asked", () => {
  test("once the first has been out of order for ten minutes, and not sooner", async () => {
    at.fault("newOrder", refusal(503, "rateLimited", "Service busy; retry later."), ALWAYS);
    const since = at.world.now().getTime();
    await expectServedBy("second");
    expect(at.world.now().getTime() - since).toBeGreaterThanOrEqual(600_000);
  });

  test("at once where the first is out of order for hours by its own word", async () => {
    const headers = { "retry-after": "7200" };
    at.fault("directory", refusal(503, "serverInternal", "Maintenance.", headers), ALWAYS);
    expect(await at.deliver()).toEqual({ kind: "done" });
    await expectServedBy("second");
  });

  test.each(["rateLimited", "rejectedIdentifier", "caa", "invalidProfile"])(
    "at once where the first refuses the order (%s)",
    async (type) => {
      at.fault("newOrder", refusal(type === "rateLimited" ? 429 : 403, type), ALWAYS);
      expect(await at.deliver()).toEqual({ kind: "done" });
      await expectServedBy("second");
    },
  );

  test.each(["authorization", "answer", "finalize"] as const)(
    "where the first limits us for long at %s, unless there may be a certificate",
    async (call) => {
      at.fault(call, refusal(429, "rateLimited", "Slow down.", { "retry-after": "7200" }));
      await expectServedBy(call === "finalize" ? "pebble" : "second");
    },
  );

  test("where the first does not accept our account, which operators hear of", async () => {
    at.fault("newAccount", refusal(403, "unauthorized", "Account is deactivated."), ALWAYS);
    await expectServedBy("second");
    expect(await openProblems("pebble")).toEqual(["ca-account"]);
  });

  test("where CAA records forbid the first only when it comes to the certificate", async () => {
    const error = { type: "urn:ietf:params:acme:error:caa", detail: "Not us.", status: 403 };
    at.proxy.fault = (call) =>
      call === "finalize" || (call === "acmeOrder" && at.countOf("finalize") > 0)
        ? { kind: "changed", change: (shown) => ({ ...shown, status: "invalid", error }) }
        : undefined;
    await expectServedBy("second");
    expect(at.countOf("newOrder")).toBe(1);
  });
});

test("no other CA is asked for a domain that the first could not confirm", async () => {
  const { ca } = at.authorities[0];
  at.authorities = [
    { name: "pebble", ca: { ...ca, keyAuthorization: async () => "another account's" } },
    secondWith(HMAC_KEY),
  ];
  expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
  const { reason } = (await at.record()) ?? {};
  expect(reason).toContain("could not confirm");
  expect(
    await at.world.registryObjects.read(`orders/${at.domain}/1/attempt-left-pebble.json`),
  ).toBeUndefined();
});

test("where every CA refuses, the first one's reason is the customer's", async () => {
  at.fault("newOrder", refusal(403, "rejectedIdentifier", "Blocked by policy."), ALWAYS);
  at.authorities = [at.authorities[0], secondWith(undefined)];
  expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
  const reason = `The certificate authority issues no certificate for ${at.domain}: Blocked by policy.`;
  expect(await at.record()).toMatchObject({ lifecycle: "failed", reason });
  expect(await openProblems("second")).toEqual(["ca-account"]);
});

test("an external account's wrong key is ours to mend", async () => {
  at.authorities = [secondWith(randomBytes(32).toString("base64url"))];
  expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
  expect((await at.record())?.reason).toContain("ours to mend");
  expect(at.world.logs).not.toContain(HMAC_KEY);
});

test("a renewal begins with the first CA again, and names to no CA what another issued", async () => {
  const issuer = await TestIssuingKey.create();
  const clock = () => at.world.now();
  const [one, two] = ["first", "second"].map(
    () => new TestCertificateAuthority(issuer, at.world.challengeObjects, clock),
  ) as [TestCertificateAuthority, TestCertificateAuthority];
  at.authorities = [
    { name: "first", ca: one },
    { name: "second", ca: two },
  ];
  one.refuse = (call) => (call === "newOrder" ? problem("rejectedIdentifier", 403, "no.") : undefined);
  await expectServedBy("second");
  one.refuse = () => undefined;
  for (const orderNumber of [2, 3]) {
    await at.world.change(at.domain, { lifecycle: "renewing", orderNumber });
    await at.world.deliver({ action: "issue", domain: at.domain, orderNumber }, undefined, {
      authorities: at.authorities,
    });
  }
  const record = await at.record();
  expect(record).toMatchObject({ lifecycle: "active", ca: "first", orderNumber: 3 });
  expect(one.newOrders.map(({ asked }) => asked)).toEqual([
    undefined,
    expect.stringMatching(/^[\w-]+\.[\w-]+$/),
  ]);
  expect(two.newOrders).toHaveLength(1);
});

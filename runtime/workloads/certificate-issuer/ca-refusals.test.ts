import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import * as acme from "acme-client";
import { newEcdsaKey } from "../../certificates/acme/account-key.ts";
import { openAlerts } from "../../certificates/alerts/stored-alerts.ts";
import { type CaFault, refusal } from "../../certificates/testing/faulty-ca.ts";
import { FaultyCaWorld } from "./testing/faulty-ca-world.ts";

const URN = "urn:ietf:params:acme:error:";

let at: FaultyCaWorld;

beforeAll(async () => {
  at = await FaultyCaWorld.start();
});

beforeEach(async () => {
  at.accountKey = newEcdsaKey();
  await at.renew();
});

afterAll(() => at.stop());

const openProblems = (subject: string) =>
  openAlerts(at.world.registryObjects, () => at.world.now()).open(subject);

/** The ACME order whose URL has this path is declared invalid, wherever it is shown. */
function invalid(type: string): CaFault {
  const error = { type: `${URN}${type}`, detail: "because.", status: 500 };
  return { kind: "changed", change: (shown) => ({ ...shown, status: "invalid", error }) };
}

function invalidAuthorization(type: string): CaFault {
  const error = { type: `${URN}${type}`, detail: "because.", status: 400 };
  return {
    kind: "changed",
    change: (shown) => ({
      ...shown,
      status: "invalid",
      challenges: (shown.challenges as object[]).map((challenge) => ({
        ...challenge,
        status: "invalid",
        error,
      })),
    }),
  };
}

/** Makes the first `count` ACME orders come to nothing after they are finalised. */
function failFinalized(type: string, count: number): void {
  const ids = new Set<string>();
  at.proxy.fault = (call, _occurrence, path) => {
    const id = path.split("/").at(-1) ?? "";
    if (call === "finalize") {
      at.finalized.add(path);
      if (ids.size < count) ids.add(id);
    }
    return (call === "finalize" || call === "acmeOrder") && ids.has(id) ? invalid(type) : undefined;
  };
}

describe("an ACME order that is declared invalid for the CA's own reasons", () => {
  test("after it was finalised is made again", async () => {
    failFinalized("serverInternal", 1);
    expect(await at.deliver()).toMatchObject({ kind: "retry" });
    expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
    expect(await at.record()).toMatchObject({ lifecycle: "active" });
    expect([at.countOf("newOrder"), at.finalized.size]).toEqual([2, 2]);
    expect(at.errors()).toEqual([]);
  });

  test("is made three times at most, and then has failed, with the reason", async () => {
    failFinalized("serverInternal", 9);
    expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
    const reason = `The certificate authority failed over the request for ${at.domain}: because.`;
    expect(await at.record()).toMatchObject({ lifecycle: "failed", reason });
    expect([at.countOf("newOrder"), at.finalized.size]).toEqual([3, 3]);
    expect(at.errors()).toEqual(["Order failed"]);
  });

  test("because of its authorization is made again", async () => {
    let first: string | undefined;
    at.proxy.fault = (call, _occurrence, path) => {
      if (call === "newOrder") return undefined;
      if (call === "authorization") first ??= path;
      if (call === "acmeOrder" && at.countOf("newOrder") === 1) return invalid("serverInternal");
      return call === "authorization" && path === first ? invalidAuthorization("serverInternal") : undefined;
    };
    expect(await at.deliver()).toMatchObject({ kind: "retry" });
    expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
    expect(await at.record()).toMatchObject({ lifecycle: "active" });
    expect(at.countOf("newOrder")).toBe(2);
  });
});

test("an ACME order that is declared invalid for a reason of the domain's has failed, and is not made again", async () => {
  failFinalized("caa", 9);
  expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
  const reason = `The CAA records of ${at.domain} forbid our certificate authority: because.`;
  expect(await at.record()).toMatchObject({ lifecycle: "failed", reason });
  expect(at.countOf("newOrder")).toBe(1);
});

describe("an account that the CA does not accept", () => {
  const expectOurs = async () => {
    expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
    const { reason = "" } = (await at.record()) ?? {};
    expect(reason).toContain("ours to mend");
    expect(reason).not.toMatch(/DNS|leads to us/);
    expect(at.errors()).toEqual(["Order failed"]);
    expect(await openProblems("pebble")).toMatchObject([{ problem: "ca-account" }]);
  };

  test("as it was deactivated is told to operators, not to the customer", async () => {
    await (await accountClient()).updateAccount({ status: "deactivated" });
    await expectOurs();
  });

  test("in a process of its own, neither", async () => {
    await (await accountClient()).updateAccount({ status: "deactivated" });
    at.authorities = [at.client()];
    await expectOurs();
  });

  test("as its key was replaced is told likewise", async () => {
    await (await accountClient()).updateAccountKey(newEcdsaKey().reveal());
    await expectOurs();
  });

  test("is over once the CA issues to another", async () => {
    await (await accountClient()).updateAccount({ status: "deactivated" });
    await expectOurs();
    at.accountKey = newEcdsaKey();
    await at.world.change(at.domain, { lifecycle: "registered" });
    expect(await at.deliverToTheEnd()).toEqual({ kind: "done" });
    expect(await openProblems("pebble")).toEqual([]);
  });
});

test("orders that the CA has paused bring its link to operators, and not to the customer", async () => {
  const link = "https://portal.ca.example.test/sfe/v1/unpause?jwt=eyJ.abc-_.x";
  const detail = `Your account is temporarily prevented from requesting certificates for ${at.domain} and possibly others. Please visit: ${link}`;
  at.fault("newOrder", refusal(429, "rateLimited", detail), 9);
  expect(await at.deliverToTheEnd()).toMatchObject({ kind: "dropped" });
  const [problem] = await openProblems(at.domain);
  expect(problem).toMatchObject({ problem: "ca-paused", what: expect.stringMatching(/more at https/) });
  expect(problem?.what).toContain(link);
  expect(JSON.stringify(await at.record())).not.toContain("portal.ca");
});

/** Another client of the same account, which may do what ours never does. */
async function accountClient(): Promise<acme.Client> {
  return new acme.Client({
    directoryUrl: at.proxy.directoryUrl,
    accountKey: at.accountKey.reveal(),
    accountUrl: await at.authorities[0].ca.openAccount(),
  });
}

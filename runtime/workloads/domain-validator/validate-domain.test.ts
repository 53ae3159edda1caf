import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Grant } from "../../certificates/budgets/budgets.ts";
import type { Addresses, Answer, CaaProperty } from "../../certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../certificates/dns/edge-addresses.ts";
import { FastlyError } from "../../certificates/fastly/fastly-error.ts";
import { openPlatformKey } from "../../certificates/keys/platform-key.ts";
import { Ownership, type OwnershipMethod } from "../../certificates/ownership/ownership.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { hasReached } from "../../certificates/registry/state.ts";
import { viewOf } from "../../certificates/registry/view.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { createLogger } from "../../workload/logger.ts";
import { createTrace } from "../../workload/trace.ts";
import type { ProbeResult } from "./edge-probe.ts";
import { type ValidatorPorts, validateDomain } from "./validate-domain.ts";

const DOMAIN = "shop.example.test";
const AT = "2026-11-01T12:00:00.000Z";
const EDGE = ["151.101.1.57", "2a04:4e42::313"];

let objects: MemoryObjectStore;
let calls: string[];
let lines: string[];
let sent: { data: unknown; attributes: unknown }[];
let addresses: Addresses;
let caa: Record<string, Answer<CaaProperty>>;
let probe: ProbeResult;
let grant: Grant;
let fastlyFails: FastlyError | undefined;
/** Texts in the DNS. */
let texts: Answer<string>;
let ports: ValidatorPorts;

const delivery = {
  // The last one for everything: no verdict is put off any more.
  deliveryAttempt: 10,
  trace: createTrace(),
  signal: new AbortController().signal,
  logger: createLogger(
    { K_SERVICE: "domain-validator", K_REVISION: "1" },
    { write: (line) => lines.push(line) },
  ),
};

const ownership = (method: OwnershipMethod) =>
  new Ownership({
    method,
    edgeHost: "edge.platform.example",
    key: openPlatformKey(objects),
    dns: { txt: async () => texts, cname: async () => texts },
  });

const severities = () => lines.map((line) => JSON.parse(line).severity);
const answer = <T>(...records: T[]): Answer<T> => ({ kind: "answer", records });
const validate = (orderNumber = 1) => validateDomain(ports, { domain: DOMAIN, orderNumber }, delivery);
const view = async () => {
  const found = await ports.registry.find(DOMAIN);
  if (found === undefined) throw new Error("no record");
  return viewOf(found.record, await ports.registry.journal(DOMAIN, found.record.orderNumber));
};
const change = async (fields: Partial<DomainRecord>) => {
  const found = await ports.registry.find(DOMAIN);
  if (found === undefined) throw new Error("no record");
  await ports.registry.update({ ...found.record, ...fields }, found.generation);
};
const remove = async () => {
  const found = await ports.registry.find(DOMAIN);
  await ports.registry.remove(DOMAIN, found?.generation ?? "");
};

beforeEach(async () => {
  objects = new MemoryObjectStore();
  calls = [];
  sent = [];
  lines = [];
  addresses = answer("151.101.1.57", "2a04:4e42:0:0::0313");
  caa = {};
  probe = { kind: "served" };
  grant = { kind: "granted" };
  fastlyFails = undefined;
  texts = answer();
  ports = {
    registry: openRegistry(objects),
    dns: {
      addresses: async () => addresses,
      caa: async (name) => caa[name] ?? answer(),
    },
    ownership: ownership("none"),
    edge: new EdgeAddresses(EDGE),
    caaIdentities: ["ca.example"],
    fastly: {
      link: async (fqdn) => {
        calls.push(`link ${fqdn}`);
        if (fastlyFails) throw fastlyFails;
        return { kind: "linked", created: true };
      },
      unlink: async (fqdn) => {
        calls.push(`unlink ${fqdn}`);
      },
    },
    probe: {
      run: async (domain, at) => {
        calls.push(`probe ${domain} at ${at.join()}`);
        return probe;
      },
    },
    budgets: { take: async () => grant },
    issuing: {
      publish: async (data, attributes) => {
        sent.push({ data, attributes });
      },
    },
    now: () => new Date(AT),
  };
  await ports.registry.create({
    domain: DOMAIN,
    customer: "alice@customers.example",
    lifecycle: "registered",
    orderNumber: 1,
    registeredAt: AT,
    updatedAt: AT,
  });
});

test("a domain that leads to the edge is linked, probed and sent on to the issuer", async () => {
  expect(await validate()).toEqual({ kind: "done" });
  expect(calls).toEqual([`link ${DOMAIN}`, `probe ${DOMAIN} at 151.101.1.57,2a04:4e42:0:0:0:0:0:313`]);
  expect(sent).toEqual([
    {
      data: { action: "issue", domain: DOMAIN, orderNumber: 1 },
      attributes: {
        customer: "alice@customers.example",
        traceparent: expect.stringContaining(delivery.trace.traceId),
      },
    },
  ]);
  expect(await view()).toMatchObject({
    state: "issuing",
    phases: [{}, { phase: "validating" }, { phase: "validated" }],
  });
});

describe("DNS that does not fit fails the domain, with a sentence and without a call to Fastly", () => {
  test.each<[string, Addresses, Record<string, Answer<CaaProperty>>, string, string | undefined]>([
    ["no address", answer(), {}, "has no address in the DNS; point it to 151.101.1.57", undefined],
    [
      "elsewhere",
      answer("203.0.113.9"),
      {},
      "leads to 203.0.113.9, which is not the platform's edge",
      undefined,
    ],
    [
      "half elsewhere",
      answer("151.101.1.57", "2001:db8::1"),
      {},
      "leads to 2001:db8:0:0:0:0:0:1 besides",
      undefined,
    ],
    ["SERVFAIL", { kind: "trouble", what: "SERVFAIL" }, {}, "(SERVFAIL)", "2026-11-01T12:01:00.000Z"],
    [
      "a parent's CAA",
      answer("151.101.1.57"),
      { "example.test": answer({ flags: 0, tag: "issue", value: "other.example" }) },
      'The CAA records of example.test do not let us get a certificate for shop.example.test: they allow only other.example. Add the record example.test CAA 0 issue "ca.example"',
      undefined,
    ],
    [
      "SERVFAIL for CAA",
      answer("151.101.1.57"),
      { test: { kind: "trouble", what: "SERVFAIL" } },
      "The DNS servers of test did not answer properly (CAA: SERVFAIL)",
      "2026-11-01T12:01:00.000Z",
    ],
  ])("%s", async (_title, found, records, reason, retryAt) => {
    addresses = found;
    caa = records;
    expect(await validate()).toEqual({ kind: "done" });
    expect(await view()).toMatchObject({ state: "failed", reason: expect.stringContaining(reason) });
    expect((await view()).retryAt).toBe(retryAt);
    expect(calls).toEqual([]);
    expect(sent).toEqual([]);
    expect(severities()).toEqual(["INFO"]);
  });
});

test("a name of which half could not be looked up passes, as it does at a CA, and the log says which half", async () => {
  addresses = { kind: "answer", records: ["151.101.1.57"], failed: "AAAA: SERVFAIL" };
  expect(await validate()).toEqual({ kind: "done" });
  expect(await view()).toMatchObject({ state: "issuing" });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ domain: DOMAIN, failed: "AAAA: SERVFAIL" }]);
});

describe("where a customer has to show that a name is his", () => {
  const proofFor = async (customer: string) => (await ports.ownership.proof(DOMAIN, customer))?.value ?? "";

  test("it passes with his text beside others, and fails with another's, saying what to add", async () => {
    ports = { ...ports, ownership: ownership("txt") };
    const { customer } = (await ports.registry.find(DOMAIN))?.record ?? { customer: "" };
    texts = answer(await proofFor("rival@example.test"), `${await proofFor(customer)}x`);
    expect(await validate()).toEqual({ kind: "done" });
    expect(await view()).toMatchObject({
      state: "failed",
      reason:
        `Nothing in the DNS shows that ${DOMAIN} is yours: ` +
        `add the record _platform-challenge.${DOMAIN} TXT "${await proofFor(customer)}".`,
    });
    expect(calls).toEqual([]);

    await change({ lifecycle: "registered", orderNumber: 2 });
    texts = answer("v=spf1", await proofFor(customer));
    await validate(2);
    expect(await view()).toMatchObject({ state: "issuing" });
  });

  test("all that is missing is said at once; an alias leads to the edge, too", async () => {
    addresses = answer();
    ports = { ...ports, ownership: ownership("txt") };
    await validate();
    expect((await view()).reason).toMatch(/has no address in the DNS.* Nothing in the DNS shows/);

    await change({ lifecycle: "registered", orderNumber: 2 });
    ports = { ...ports, ownership: ownership("cname") };
    await validate(2);
    expect((await view()).reason).toMatch(
      /^Nothing in the DNS shows that shop\.example\.test is yours: add the record shop\.example\.test CNAME [0-9a-f]{32}\.edge\.platform\.example\.$/,
    );
  });

  test("DNS servers that fail are asked again; a domain that has been served shows enough", async () => {
    ports = { ...ports, ownership: ownership("txt") };
    texts = { kind: "trouble", what: "SERVFAIL" };
    const first = { ...delivery, deliveryAttempt: 1 };
    expect(await validateDomain(ports, { domain: DOMAIN, orderNumber: 1 }, first)).toMatchObject({
      kind: "retry",
      reason: expect.stringContaining(`_platform-challenge.${DOMAIN}`),
    });
    await change({ lifecycle: "renewing", notAfter: "2027-01-01T00:00:00Z" });
    expect(await validate()).toEqual({ kind: "done" });
    expect(hasReached(await ports.registry.journal(DOMAIN, 1), "validated")).toBe(true);
  });
});

test("DNS servers that fail for a moment are asked again by the next deliveries, the fourth of which refuses", async () => {
  const attempt = (deliveryAttempt: number) =>
    validateDomain(ports, { domain: DOMAIN, orderNumber: 1 }, { ...delivery, deliveryAttempt });
  caa = { test: { kind: "trouble", what: "no answer in time" } };
  for (const number of [1, 2, 3]) {
    expect(await attempt(number)).toMatchObject({
      kind: "retry",
      reason: expect.stringContaining("(CAA: no answer in time)"),
    });
    expect(await view()).toMatchObject({ state: "validating" });
  }
  expect(await attempt(4)).toEqual({ kind: "done" });
  expect(await view()).toMatchObject({ state: "failed" });

  await change({ lifecycle: "registered", orderNumber: 2 });
  expect(
    await validateDomain(ports, { domain: DOMAIN, orderNumber: 2 }, { ...delivery, deliveryAttempt: 1 }),
  ).toMatchObject({ kind: "retry" });
  caa = {};
  expect(await validate(2)).toEqual({ kind: "done" });
  expect(await view()).toMatchObject({ state: "issuing" });
});

test("a challenge that does not come back unlinks the domain and fails it", async () => {
  probe = { kind: "wrong", saw: "status 404" };
  expect(await validate()).toEqual({ kind: "done" });
  expect(calls.at(-1)).toBe(`unlink ${DOMAIN}`);
  expect(await view()).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("status 404 instead"),
  });
});

test("a domain with a certificate in service stays linked when it fails", async () => {
  await change({ notAfter: "2027-01-01T00:00:00Z" });
  probe = { kind: "wrong", saw: "status 404" };
  await validate();
  expect(calls).not.toContain(`unlink ${DOMAIN}`);
  expect(await view()).toMatchObject({ state: "failed", notAfter: "2027-01-01T00:00:00Z" });
});

test("an edge that does not answer is no verdict: the message comes again", async () => {
  probe = { kind: "unreachable", because: "ECONNREFUSED" };
  expect(await validate()).toMatchObject({ kind: "retry" });
  expect(await view()).toMatchObject({ state: "validating" });
  probe = { kind: "served" };
  expect(await validate()).toEqual({ kind: "done" });
  expect(sent).toHaveLength(1);
});

test("a delivery that refuses cleans up what an earlier one linked before it broke off", async () => {
  probe = { kind: "unreachable", because: "ECONNREFUSED" };
  await validate();
  addresses = answer("203.0.113.9");
  await validate();
  expect(calls.at(-1)).toBe(`unlink ${DOMAIN}`);
});

test("redeliveries send the message again, repeat no check, and stop once the issuer has begun", async () => {
  await validate();
  await validate();
  expect(calls).toHaveLength(2);
  expect(sent).toHaveLength(2);
  await ports.registry.append(DOMAIN, 1, { phase: "ordering", at: AT, detail: {} });
  await validate();
  expect(sent).toHaveLength(2);
});

test("a duplicate that failed does not undo another's success", async () => {
  ports = {
    ...ports,
    probe: {
      run: async () => {
        await ports.registry.append(DOMAIN, 1, { phase: "validated", at: AT, detail: {} });
        return { kind: "wrong", saw: "status 503" };
      },
    },
  };
  expect(await validate()).toMatchObject({ kind: "dropped" });
  expect(await view()).toMatchObject({ state: "issuing" });
  expect(calls).toEqual([`link ${DOMAIN}`]);
});

test("a refusal that comes too late, while its link is taken away, leaves an active domain active and linked", async () => {
  const fit = ports;
  const unlink = async (fqdn: string) => {
    await fit.fastly.unlink(fqdn);
    expect(await validateDomain(fit, { domain: DOMAIN, orderNumber: 1 }, delivery)).toEqual({ kind: "done" });
    await ports.registry.append(DOMAIN, 1, { phase: "active", at: AT, detail: {} });
    await change({ lifecycle: "active", notAfter: "2027-01-01T00:00:00Z" });
  };
  ports = {
    ...fit,
    fastly: { ...fit.fastly, unlink },
    probe: { run: async () => ({ kind: "wrong", saw: "status 503" }) },
  };
  expect(await validate()).toMatchObject({ kind: "dropped" });
  expect((await ports.registry.find(DOMAIN))?.record).toMatchObject({ lifecycle: "active" });
  expect(calls.at(-1)).toBe(`link ${DOMAIN}`);
  expect(sent).toHaveLength(1);
});

test("a domain that is removed while it is checked is unlinked again and journals nothing", async () => {
  ports = {
    ...ports,
    probe: {
      run: async () => {
        await change({ lifecycle: "removing" });
        return { kind: "served" };
      },
    },
  };
  expect(await validate()).toMatchObject({ kind: "dropped" });
  expect(calls.at(-1)).toBe(`unlink ${DOMAIN}`);
  expect(hasReached(await ports.registry.journal(DOMAIN, 1), "validated")).toBe(false);
  expect(sent).toEqual([]);
});

test.each<ProbeResult>([{ kind: "wrong", saw: "status 404" }, { kind: "served" }])(
  "a verdict that comes after the domain was registered anew leaves the new order's link alone: %j",
  async (late) => {
    ports = {
      ...ports,
      probe: {
        run: async () => {
          await change({ orderNumber: 2 });
          return late;
        },
      },
    };
    expect(await validate()).toMatchObject({ kind: "dropped" });
    expect(calls).toEqual([`link ${DOMAIN}`]);
    expect(await view()).toMatchObject({ state: "pending", orderNumber: 2 });
    expect(hasReached(await ports.registry.journal(DOMAIN, 1), "validated")).toBe(false);
    expect(sent).toEqual([]);
  },
);

test("a redelivery takes back what was linked after the domain was gone", async () => {
  ports = {
    ...ports,
    probe: {
      run: async () => {
        await remove();
        return { kind: "unreachable", because: "ECONNRESET" };
      },
    },
  };
  expect(await validate()).toMatchObject({ kind: "retry" });
  expect(await validate()).toMatchObject({ kind: "dropped", reason: `${DOMAIN} is not registered.` });
  expect(calls).toEqual([`link ${DOMAIN}`, `unlink ${DOMAIN}`]);
});

test.each<[string, Partial<DomainRecord>, readonly string[]]>([
  ["being removed", { lifecycle: "removing" }, [`unlink ${DOMAIN}`]],
  ["at another order", { orderNumber: 2 }, []],
  ["failed already", { lifecycle: "failed", reason: "x" }, []],
])("a message for a domain that is %s is dropped before any check", async (_title, fields, made) => {
  await change(fields);
  expect(await validate()).toMatchObject({ kind: "dropped" });
  expect(objects.names).toEqual([`domains/${DOMAIN}.json`]);
  expect(calls).toEqual(made);
});

describe("Fastly's trouble", () => {
  test("an outage is retried", async () => {
    fastlyFails = new FastlyError("FASTLY_UNAVAILABLE", "503");
    await expect(validate()).rejects.toThrow(fastlyFails);
    expect(await view()).toMatchObject({ state: "validating" });
  });

  test("a refused token fails the domain and calls no more; a spent budget says when it returns", async () => {
    fastlyFails = new FastlyError("FASTLY_DENIED", "401", { status: 401 });
    expect(await validate()).toEqual({ kind: "done" });
    expect(await view()).toMatchObject({ state: "failed", reason: expect.stringContaining("its operators") });
    expect(severities()).toEqual(["ERROR"]);
    expect(calls).toEqual([`link ${DOMAIN}`]);

    await change({ lifecycle: "registered", orderNumber: 2 });
    fastlyFails = new FastlyError("FASTLY_RATE_LIMITED", "429", { dueAt: new Date("2026-11-01T13:00:00Z") });
    await validate(2);
    expect(await view()).toMatchObject({ state: "failed", retryAt: "2026-11-01T13:00:00.000Z" });
  });
});

test("waits its turn when what the CDN takes is spent, links nothing, and is not refused", async () => {
  const until = new Date("2026-11-01T12:30:00.000Z");
  grant = { kind: "wait", until, limit: "the CDN's hourly budget" };
  expect(await validate()).toEqual({ kind: "done" });
  expect(calls).toEqual([]);
  expect(await view()).toMatchObject({ state: "validating", dueAt: until.toISOString() });
  grant = { kind: "granted" };
  expect(await validate()).toEqual({ kind: "done" });
  expect(sent).toHaveLength(1);
});

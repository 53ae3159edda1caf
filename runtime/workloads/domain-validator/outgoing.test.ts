import { createServer, type RequestListener } from "node:http";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { openDnsLookup } from "../../certificates/dns/dns-lookup.ts";
import { EdgeAddresses } from "../../certificates/dns/edge-addresses.ts";
import { openPlatformKey } from "../../certificates/keys/platform-key.ts";
import { Ownership } from "../../certificates/ownership/ownership.ts";
import { openRegistry } from "../../certificates/registry/bucket-registry.ts";
import { register } from "../../certificates/registry/transitions.ts";
import { TestDnsServer } from "../../certificates/testing/dns-server.ts";
import { EDGE_ADDRESS, EdgeAndVictim, VICTIM_HOSTS } from "../../certificates/testing/edge-and-victim.ts";
import { MemoryObjectStore } from "../../google/testing/memory-object-store.ts";
import { createLogger } from "../../workload/logger.ts";
import { createTrace } from "../../workload/trace.ts";
import { openEdgeProbe } from "./edge-probe.ts";
import { validateDomain } from "./validate-domain.ts";

const DOMAIN = "shop.example.test";
const AT = new Date("2026-11-01T12:00:00.000Z");

let name: TestDnsServer;
let network: EdgeAndVictim;
let challenges: MemoryObjectStore;
/** How the edge answers, once it is asked. */
let answer: RequestListener;
let asked: number;

beforeEach(async () => {
  name = await new TestDnsServer().start();
  challenges = new MemoryObjectStore();
  asked = 0;
  answer = async (request, response) => {
    response.end((await challenges.read(`${request.headers.host}${request.url}`))?.bytes);
  };
  const edge = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  network = await new EdgeAndVictim().start(edge);
});

afterEach(async () => {
  await network.stop();
  await name.stop();
});

/** Registers the domain and has it validated, with everything that connects being real. @returns its lifecycle, or `validated` */
async function validate(): Promise<string> {
  const objects = new MemoryObjectStore();
  const registry = openRegistry(objects);
  await registry.create(register(DOMAIN, "alice", 1, AT));
  const dns = openDnsLookup([name.address]);
  const key = openPlatformKey(objects);
  let isSent = false;
  await validateDomain(
    {
      registry,
      dns,
      edge: new EdgeAddresses([EDGE_ADDRESS]),
      ownership: new Ownership({ method: "none", edgeHost: "edge.example.test", key, dns }),
      caaIdentities: ["ca.example"],
      fastly: { link: async () => ({ kind: "linked", created: true }), unlink: async () => undefined },
      probe: openEdgeProbe({ challenges, port: network.port, deadlineMs: 0 }),
      budgets: { take: async () => ({ kind: "granted" }) },
      issuing: {
        publish: async () => {
          isSent = true;
        },
      },
      now: () => AT,
    },
    { domain: DOMAIN, orderNumber: 1 },
    {
      deliveryAttempt: 10,
      trace: createTrace(),
      signal: new AbortController().signal,
      logger: createLogger({ K_SERVICE: "domain-validator", K_REVISION: "1" }, { write: () => undefined }),
    },
  );
  return isSent ? "validated" : ((await registry.find(DOMAIN))?.record.lifecycle ?? "absent");
}

const leadTo = (...addresses: string[]) => {
  for (const type of ["A", "AAAA"]) {
    const records = addresses
      .filter((address) => address.includes(":") === (type === "AAAA"))
      .map((data) => ({ type, data }));
    name.zone[`${DOMAIN} ${type}`] = { records };
  }
};

test("asks the edge, where the name leads", async () => {
  leadTo(EDGE_ADDRESS);
  expect(await validate()).toBe("validated");
  expect(asked).toBe(1);
});

const octet = fc.nat(255);
const dotted = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const word = fc.nat(0xffff).map((number) => number.toString(16));
const words = (count: number) =>
  fc.array(word, { minLength: count, maxLength: count }).map((all) => all.join(":"));
const elsewhere = fc.oneof(
  fc.constantFrom(
    "127.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "fd00:ec2::254",
  ),
  // Even the edge's own address is not the edge in another family's form.
  fc.constant(`::ffff:${EDGE_ADDRESS}`),
  fc.tuple(octet, octet, octet).map(([b, c, d]) => `10.${b}.${c}.${d}`),
  fc.tuple(octet, octet).map(([c, d]) => `192.168.${c}.${d}`),
  fc.tuple(octet, octet).map(([c, d]) => `169.254.${c}.${d}`),
  dotted.map((address) => `::ffff:${address}`),
  words(4).map((rest) => `fe80:0:0:0:${rest}`),
  words(7).map((rest) => `fd00:${rest}`),
  words(6).map((rest) => `2002:7f00:${rest}`),
);

test("a name that leads to addresses of private networks, of the machine or its metadata is refused before a connection", async () => {
  await fc.assert(
    fc.asyncProperty(elsewhere, fc.boolean(), async (address, isBeside) => {
      leadTo(...(isBeside ? [EDGE_ADDRESS, address] : [address]));
      expect(await validate()).toBe("failed");
    }),
    { numRuns: 60 },
  );
  expect({ edge: asked, victim: network.connections }).toEqual({ edge: 0, victim: 0 });
});

test("a name that leads elsewhere from the second look on is not looked at again", async () => {
  name.zone[`${DOMAIN} AAAA`] = {};
  name.zone[`${DOMAIN} A`] = (looks) => ({
    records: [{ type: "A", data: looks === 1 ? EDGE_ADDRESS : "127.0.0.1" }],
  });
  expect(await validate()).toBe("validated");
  expect(name.asked.filter((question) => question === `${DOMAIN} A`)).toHaveLength(1);
  expect({ edge: asked, victim: network.connections }).toEqual({ edge: 1, victim: 0 });
});

test.each([301, 302, 303, 307, 308])("no redirect with %d leads away from the edge", async (status) => {
  leadTo(EDGE_ADDRESS);
  for (const host of [...VICTIM_HOSTS, "169.254.169.254", "metadata.google.internal"]) {
    answer = (_request, response) =>
      void response
        .writeHead(status, { location: `http://${host}:${network.port}/.well-known/acme-challenge/x` })
        .end();
    expect(await validate()).toBe("failed");
  }
  expect({ edge: asked, victim: network.connections }).toEqual({ edge: 9, victim: 0 });
});

import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import { TestIssuingKey } from "../runtime/certificates/testing/issuing-key.ts";
import { leafAtEdge, probeEdge } from "./edge-probe.ts";
import type { Door } from "./target.ts";

const DOMAIN = "shop.example.test";

let server: Server;
let door: Door;

/** An edge whose certificate a CA signed that nothing trusts. */
beforeAll(async () => {
  const issuingKey = await TestIssuingKey.create();
  server = createServer(await issuingKey.server([{ dns: DOMAIN }]), (_request, response) => {
    response.end("its page");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  door = { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
});

afterAll(() => {
  server.close();
});

afterEach(() => {
  jest.restoreAllMocks();
});

test("does not take a chain that nothing trusts", async () => {
  await expect(probeEdge(door, DOMAIN)).rejects.toThrow("self-signed certificate in certificate chain");
});

test("looks at what a test CA signed where the stack has none but such, and says so", async () => {
  const sight = await probeEdge({ ...door, hasTestCertificates: true }, DOMAIN);
  expect(sight).toMatchObject({
    status: 200,
    page: "its page",
    isChainVerified: false,
    issuer: "Test Root",
    serialNumber: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test("takes no certificate of another name, whoever signed it, and adopts none that nothing trusts", async () => {
  const untrusted = { ...door, hasTestCertificates: true };
  await expect(probeEdge(untrusted, "other.example.test")).rejects.toThrow(
    "Hostname/IP does not match certificate's altnames",
  );
  await expect(leafAtEdge(untrusted, DOMAIN)).rejects.toThrow("self-signed certificate in certificate chain");
});

test("takes no certificate whose time is over, whoever signed it", async () => {
  const later = Date.now() + 40 * 86_400_000;
  jest.spyOn(Date, "now").mockReturnValue(later);
  await expect(probeEdge({ ...door, hasTestCertificates: true }, DOMAIN)).rejects.toThrow(
    `The certificate of ${DOMAIN} is good from`,
  );
});

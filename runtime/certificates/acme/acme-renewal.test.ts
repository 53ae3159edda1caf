import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestPebble } from "../testing/pebble.ts";
import { newEcdsaKey } from "./account-key.ts";
import { openCertificateAuthority } from "./acme-certificate-authority.ts";
import { certificateIdOf } from "./certificate-id.ts";
import { certificateRequest } from "./certificate-request.ts";

const DOMAIN = "shop.example.test";
const accountKey = newEcdsaKey();
/** What the domain's server has under each token. */
const tokens = new Map<string, string>();
const never = new AbortController().signal;

let server: Server;
let pebble: TestPebble;

beforeAll(async () => {
  server = createServer((request, response) => {
    response.end(tokens.get(request.url?.split("/").at(-1) ?? ""));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  pebble = await TestPebble.start((server.address() as { port: number }).port);
});

afterAll(async () => {
  await pebble.stop();
  server.closeAllConnections();
  await once(server.close(), "close");
});

function open(key = accountKey) {
  const contact = "mailto:operator@example.test";
  const { directoryUrl } = pebble;
  return openCertificateAuthority({ directoryUrl, contact, profile: "", accountKey: async () => key });
}

async function issue(replaces?: string): Promise<{ chain: string; id: string; taken: string | undefined }> {
  const ca = open();
  const order = await ca.newOrder(DOMAIN, { replaces });
  const { challenge, url, status } = await ca.authorization(order.authorizations[0] ?? "");
  if (!challenge) throw new Error("Pebble offers no HTTP-01 challenge.");
  tokens.set(challenge.token, await ca.keyAuthorization(challenge.token));
  // Told to reuse none, Pebble reuses one authorization in a hundred.
  if (status === "pending") await ca.answer(challenge);
  await ca.settledAuthorization(url, never);
  await ca.finalize(order, await certificateRequest(DOMAIN, newEcdsaKey()));
  const { certificate } = await ca.settledAcmeOrder(order.url, never);
  const chain = await ca.certificate(certificate ?? "");
  return { chain, id: certificateIdOf(chain) ?? "", taken: order.replaces };
}

test("asks for a certificate's own window, as the CA sets it", async () => {
  const { chain, id } = await issue();
  const usual = await open().renewalInfo(id);
  const { notBefore, notAfter } = { notBefore: validFrom(chain), notAfter: validTo(chain) };
  expect(usual?.start.getTime()).toBeGreaterThan(notBefore);
  expect(usual?.end.getTime()).toBeLessThan(notAfter);
  expect(usual?.retryAfter?.getTime()).toBeGreaterThan(Date.now() + 21_000_000);

  const window = { start: "2026-03-19T10:00:00Z", end: "2026-03-19T12:00:00+01:00" };
  const explanationURL = "https://ca.example.test/incident";
  await pebble.setRenewalInfo(chain, JSON.stringify({ suggestedWindow: window, explanationURL }));
  expect(await open().renewalInfo(id)).toMatchObject({
    start: new Date("2026-03-19T10:00:00Z"),
    end: new Date("2026-03-19T11:00:00Z"),
    explanationUrl: explanationURL,
  });
});

test.each([
  [
    "ends before it starts",
    '{"suggestedWindow": {"start": "2026-03-19T10:00:00Z", "end": "2026-03-19T09:00:00Z"}}',
  ],
  [
    "ends when it starts",
    '{"suggestedWindow": {"start": "2026-03-19T10:00:00Z", "end": "2026-03-19T10:00:00Z"}}',
  ],
  ["has no end", '{"suggestedWindow": {"start": "2026-03-19T10:00:00Z"}}'],
  ["is in words", '{"suggestedWindow": {"start": "soon", "end": "later"}}'],
  ["is a page", "<html>Busy</html>"],
])("takes a window that %s for no answer", async (_title, answer) => {
  const { chain, id } = await issue();
  await pebble.setRenewalInfo(chain, answer);
  await expect(open().renewalInfo(id)).rejects.toMatchObject({
    code: "CA_UNAVAILABLE",
    mayHaveTakenEffect: false,
  });
});

test("names the certificate that an order replaces, and orders all the same where that is not to be", async () => {
  const first = await issue();
  const second = await issue(first.id);
  expect(second.taken).toBe(first.id);
  expect((await issue(first.id)).taken).toBeUndefined();
  // By a CA that never had it.
  const elsewhere = await open().newOrder(DOMAIN, { replaces: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE" });
  expect(elsewhere).toMatchObject({
    status: expect.stringMatching(/^(pending|ready)$/),
    replaces: undefined,
  });
  // Under a serial number at which Pebble fails by itself, though the issuer is its own.
  const [issuer] = second.id.split(".");
  const failing = await open().newOrder(DOMAIN, { replaces: `${issuer}.AIdlQyE` });
  expect(failing).toMatchObject({
    status: expect.stringMatching(/^(pending|ready)$/),
    replaces: undefined,
  });
  // In the name of another account.
  const moved = await open(newEcdsaKey()).newOrder(DOMAIN, { replaces: second.id });
  expect(moved).toMatchObject({ status: "pending", replaces: undefined });
});

test("revokes a certificate, any number of times as once", async () => {
  const { chain } = await issue();
  const serial = new X509Certificate(chain).serialNumber.toLowerCase();
  expect(await pebble.statusOf(serial)).toBe("Valid");
  await open().revoke(chain, "keyCompromise");
  await open().revoke(chain, "superseded");
  expect(await pebble.statusOf(serial)).toBe("Revoked");
});

function validFrom(chain: string): number {
  return Date.parse(new X509Certificate(chain).validFrom);
}

function validTo(chain: string): number {
  return Date.parse(new X509Certificate(chain).validTo);
}

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { TestPebble } from "../testing/pebble.ts";
import { newEcdsaKey } from "./account-key.ts";
import { openCertificateAuthority } from "./acme-certificate-authority.ts";
import type { AcmeProblem } from "./acme-problem.ts";
import type { AcmeOrder, CertificateAuthority } from "./certificate-authority.ts";
import { certificateRequest } from "./certificate-request.ts";

const accountKey = newEcdsaKey();
/** What the domain's server has under each token. */
const tokens = new Map<string, string>();
const never = new AbortController().signal;

let server: Server;
let pebble: TestPebble;

beforeAll(async () => {
  server = createServer((request, response) => {
    const content = tokens.get(request.url?.split("/").at(-1) ?? "");
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  pebble = await TestPebble.start((server.address() as { port: number }).port);
});

afterAll(async () => {
  await pebble.stop();
  server.closeAllConnections();
  await once(server.close(), "close");
});

function open(profile = ""): CertificateAuthority {
  const contact = "mailto:operator@example.test";
  return openCertificateAuthority({
    directoryUrl: pebble.directoryUrl,
    contact,
    profile,
    accountKey: async () => accountKey,
  });
}

async function authorize(ca: CertificateAuthority, order: AcmeOrder): Promise<string> {
  const url = order.authorizations[0] ?? "";
  const { challenge, status } = await ca.authorization(url);
  if (!challenge) throw new Error("Pebble offers no HTTP-01 challenge.");
  tokens.set(challenge.token, await ca.keyAuthorization(challenge.token));
  // Told to reuse none, Pebble reuses one authorization in a hundred.
  if (status === "pending") await ca.answer(challenge);
  return (await ca.settledAuthorization(url, never)).status;
}

test("issues by HTTP-01 under a profile, each step taken by another instance from the ACME order's URL", async () => {
  const { url } = await open("shortlived").newOrder("shop.example.test");
  expect(await authorize(open(), await open().acmeOrder(url))).toBe("valid");

  const key = newEcdsaKey();
  const ready = await open().acmeOrder(url);
  expect(ready.status).toBe("ready");
  await open().finalize(ready, certificateRequest("shop.example.test", key));
  const { status, certificate } = await open().settledAcmeOrder(url, never);
  expect(status).toBe("valid");

  const chain = await open().certificate(certificate ?? "");
  const [leaf, intermediate] = chain
    .split(/(?<=-----END CERTIFICATE-----)/)
    .slice(0, 2)
    .map((pem) => new X509Certificate(pem));
  expect(leaf?.checkHost("shop.example.test")).toBe("shop.example.test");
  expect(leaf?.verify((intermediate as X509Certificate).publicKey)).toBe(true);
  expect(intermediate?.verify(new X509Certificate(await pebble.rootPem()).publicKey)).toBe(true);
  const days = (Date.parse(leaf?.validTo ?? "") - Date.now()) / 86_400_000;
  expect(days).toBeLessThan(7);
});

test("refuses to finalise twice, and still has the certificate", async () => {
  const ca = open();
  const order = await ca.newOrder("twice.example.test");
  await authorize(ca, order);
  const csr = certificateRequest("twice.example.test", newEcdsaKey());
  await ca.finalize(order, csr);
  await expect(ca.finalize(order, csr)).rejects.toMatchObject({
    code: "ACME_PROBLEM",
    type: "urn:ietf:params:acme:error:orderNotReady",
    status: 403,
  });
  expect(await ca.settledAcmeOrder(order.url, never)).toMatchObject({ status: "valid" });
});

test("gives the CA's reason when the domain does not show the token", async () => {
  const ca = open();
  const order = await ca.newOrder("elsewhere.example.test");
  const url = order.authorizations[0] ?? "";
  const { challenge } = await ca.authorization(url);
  if (!challenge) throw new Error("Pebble offers no HTTP-01 challenge.");
  await ca.answer(challenge);
  const settled = await ca.settledAuthorization(url, never);
  expect(settled.status).toBe("invalid");
  expect(settled.challenge?.problem?.is("unauthorized")).toBe(true);
  expect(settled.challenge?.problem?.detail).toContain("404");
});

test("names the problem of a profile that the CA does not have", async () => {
  const problem = await open("eternal")
    .newOrder("shop.example.test")
    .catch((error: unknown) => error as AcmeProblem);
  expect(problem).toMatchObject({ code: "ACME_PROBLEM", type: "urn:ietf:params:acme:error:invalidProfile" });
});

test("registers again with a CA that forgot the account, and sees that the ACME order is lost", async () => {
  const ca = open();
  const { url } = await ca.newOrder("lost.example.test");
  await pebble.restart();
  await expect(ca.acmeOrder(url)).rejects.toMatchObject({ code: "ACME_PROBLEM", status: 404 });
  expect(await ca.newOrder("lost.example.test")).toMatchObject({ status: "pending" });
});

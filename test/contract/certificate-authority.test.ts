import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { newEcdsaKey } from "../../runtime/certificates/acme/account-key.ts";
import { openCertificateAuthority } from "../../runtime/certificates/acme/acme-certificate-authority.ts";
import type {
  AcmeOrder,
  CertificateAuthority,
} from "../../runtime/certificates/acme/certificate-authority.ts";
import { certificateIdOf } from "../../runtime/certificates/acme/certificate-id.ts";
import { certificateRequest } from "../../runtime/certificates/acme/certificate-request.ts";
import { TestCertificateAuthority } from "../../runtime/certificates/testing/certificate-authority.ts";
import { LeafSigner } from "../../runtime/certificates/testing/leaf-signer.ts";
import { TestPebble } from "../../runtime/certificates/testing/pebble.ts";
import { MemoryObjectStore } from "../../runtime/google/testing/memory-object-store.ts";

const DOMAIN = "shop.example.test";
const PATH = "/.well-known/acme-challenge/";
const accountKey = newEcdsaKey();
const never = new AbortController().signal;

let challenges: MemoryObjectStore;
let server: Server;
let pebble: TestPebble;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const found = await challenges.read(`${DOMAIN}${request.url}`);
    response.writeHead(found ? 200 : 404).end(found?.bytes);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  pebble = await TestPebble.start((server.address() as { port: number }).port);
});

beforeEach(() => {
  challenges = new MemoryObjectStore();
});

afterAll(async () => {
  await pebble.stop();
  server.closeAllConnections();
  await once(server.close(), "close");
});

const inMemory = () => new TestCertificateAuthority(new LeafSigner(), challenges);
const onThisMachine = () =>
  openCertificateAuthority({
    directoryUrl: pebble.directoryUrl,
    contact: "mailto:operator@example.test",
    profile: "",
    accountKey: async () => accountKey,
  });

describe.each<[string, () => CertificateAuthority]>([
  ["a CA in memory", inMemory],
  ["our client on Pebble", onThisMachine],
])("%s", (_name, open) => {
  let ca: CertificateAuthority;

  beforeEach(async () => {
    ca = open();
    await ca.openAccount();
  });

  /** @param answer what is found under the token; the right one unless told otherwise */
  async function authorized(replaces?: string, answer?: string): Promise<AcmeOrder> {
    const order = await ca.newOrder(DOMAIN, { replaces });
    for (const url of order.authorizations) {
      const { challenge } = await ca.authorization(url);
      if (!challenge) throw new Error("There is no HTTP-01 challenge.");
      const { token } = challenge;
      await challenges.create(`${DOMAIN}${PATH}${token}`, answer ?? (await ca.keyAuthorization(token)));
      await ca.answer(challenge);
      await ca.settledAuthorization(url, never);
    }
    return ca.acmeOrder(order.url);
  }

  async function issued(replaces?: string) {
    const key = newEcdsaKey();
    const order = await authorized(replaces);
    await ca.finalize(order, certificateRequest(DOMAIN, key));
    const settled = await ca.settledAcmeOrder(order.url, never);
    const chain = await ca.certificate(settled.certificate ?? "");
    return { chain, key, order: settled, id: certificateIdOf(chain) ?? "" };
  }

  test("issues for the name and the key of a request, to whoever shows the token", async () => {
    const { chain, key, order } = await issued();
    const leaf = new X509Certificate(chain);
    expect(order.status).toBe("valid");
    expect(leaf.checkHost(DOMAIN)).toBe(DOMAIN);
    expect(leaf.checkPrivateKey(createPrivateKey(key.reveal()))).toBe(true);
  });

  test("an order is found again by its URL, and what is not there is a 404", async () => {
    const order = await ca.newOrder(DOMAIN);
    expect(await ca.acmeOrder(order.url)).toMatchObject({ url: order.url, status: "pending" });
    await expect(ca.acmeOrder(`${order.url}x`)).rejects.toMatchObject({ code: "ACME_PROBLEM", status: 404 });
  });

  test("an order is finalised once, and only when it is ready", async () => {
    const csr = certificateRequest(DOMAIN, newEcdsaKey());
    const pending = await ca.newOrder(DOMAIN);
    const notReady = { code: "ACME_PROBLEM", type: "urn:ietf:params:acme:error:orderNotReady" };
    await expect(ca.finalize(pending, csr)).rejects.toMatchObject(notReady);
    const ready = await authorized();
    expect(ready.status).toBe("ready");
    await ca.finalize(ready, csr);
    await expect(ca.finalize(ready, csr)).rejects.toMatchObject(notReady);
  });

  test("a wrong token makes the authorization and its order invalid, and says why", async () => {
    const order = await authorized(undefined, "another account's");
    expect(order.status).toBe("invalid");
    const { status, challenge } = await ca.authorization(order.authorizations[0] ?? "");
    expect(status).toBe("invalid");
    expect(challenge?.problem).toMatchObject({ isUnconfirmed: true });
  });

  test("a certificate has a window, and is replaced once", async () => {
    const first = await issued();
    const window = await ca.renewalInfo(first.id);
    expect(window?.start.getTime()).toBeLessThan(window?.end.getTime() ?? 0);
    expect((await issued(first.id)).order.replaces).toBe(first.id);
    expect((await issued(first.id)).order.replaces).toBeUndefined();
  });

  test("revokes, and again without complaint", async () => {
    const { chain } = await issued();
    await ca.revoke(chain, "superseded");
    await ca.revoke(chain, "superseded");
  });
});

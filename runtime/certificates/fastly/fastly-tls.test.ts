import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Secret } from "../../workload/secret.ts";
import { newEcdsaKey } from "../acme/account-key.ts";
import { certificateRequest } from "../acme/certificate-request.ts";
import { TestFastly } from "../testing/fastly.ts";
import { TestIssuingKey } from "../testing/issuing-key.ts";
import { type FastlyTls, openFastlyTls } from "./fastly-tls.ts";

let issuer: TestIssuingKey;
let fastly: TestFastly;
let endpoint: string;
let tls: FastlyTls;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

beforeEach(async () => {
  fastly = new TestFastly();
  endpoint = await fastly.start();
  tls = openFastlyTls({ endpoint, token: TestFastly.token, configurationId: "conf" });
});

afterEach(() => fastly.stop());

interface Issued {
  readonly chain: string;
  readonly key: Secret<string>;
}

async function issued(domain: string): Promise<Issued> {
  const key = newEcdsaKey();
  return { chain: await issuer.sign(certificateRequest(domain, key)), key };
}

function count() {
  const { keys, certificates, activations } = fastly;
  return { keys: keys.length, certificates: certificates.length, activations: activations.length };
}

const WRITES = /^(POST|PATCH|DELETE)/;

/** As an issuer does that has seen the new certificate at the edge. */
async function replace(...[domain, ...certificate]: Parameters<typeof tls.activate>): Promise<void> {
  const { certificateId } = await tls.activate(domain, ...certificate);
  await tls.retire(domain, certificateId);
}

test("activates with three writes, and again with none", async () => {
  const { chain, key } = await issued("shop.example.test");
  const first = await tls.activate("shop.example.test", chain, key);
  expect(fastly.calls.filter((call) => WRITES.test(call))).toEqual([
    "POST /tls/private_keys",
    "POST /tls/certificates",
    "POST /tls/activations",
  ]);
  expect(fastly.activations).toMatchObject([{ domain: "shop.example.test", configuration: "conf" }]);
  fastly.calls.length = 0;
  expect(await tls.activate("shop.example.test", chain, key)).toEqual(first);
  expect(fastly.calls.filter((call) => WRITES.test(call))).toEqual([]);
});

test("renews without a gap: the activation moves before the old certificate and key go", async () => {
  for (const other of ["a.example.test", "b.example.test", "shop.example.test.evil.test"]) {
    const { chain, key } = await issued(other);
    await tls.activate(other, chain, key);
  }
  const old = await issued("shop.example.test");
  await tls.activate("shop.example.test", old.chain, old.key);
  const fresh = await issued("shop.example.test");
  fastly.calls.length = 0;
  const { certificateId } = await tls.activate("shop.example.test", fresh.chain, fresh.key);
  expect(count()).toEqual({ keys: 5, certificates: 5, activations: 4 });
  await tls.retire("shop.example.test", certificateId);
  expect(fastly.calls.filter((call) => WRITES.test(call)).map((call) => call.replace(/-\d+$/, ""))).toEqual([
    "POST /tls/private_keys",
    "POST /tls/certificates",
    "PATCH /tls/activations/activation",
    "DELETE /tls/certificates/certificate",
    "DELETE /tls/private_keys/key",
  ]);
  expect(fastly.served("shop.example.test")?.toString().trim()).toBe(
    fresh.chain.split(/\n\n|(?<=END CERTIFICATE-----)/)[0]?.trim(),
  );
  expect(count()).toEqual({ keys: 4, certificates: 4, activations: 4 });
});

test("makes nothing twice when any one reply is lost, first time and at a renewal", async () => {
  const generations = [await issued("shop.example.test"), await issued("shop.example.test")];
  for (let lost = 0; ; lost++) {
    await fastly.stop();
    fastly = new TestFastly();
    tls = openFastlyTls({ endpoint: await fastly.start(), token: TestFastly.token, configurationId: "conf" });
    let writes = 0;
    fastly.around = async (call, handle) => {
      const answer = await handle();
      return WRITES.test(call) && writes++ === lost ? { status: 502 } : answer;
    };
    let failures = 0;
    for (const { chain, key } of generations) {
      const activate = () => replace("shop.example.test", chain, key);
      await activate().catch((error: unknown) => {
        failures++;
        expect(error).toMatchObject({ code: "FASTLY_UNAVAILABLE", status: 502 });
        return activate();
      });
    }
    expect(count()).toEqual({ keys: 1, certificates: 1, activations: 1 });
    if (lost < 8) expect(failures).toBe(1);
    else break;
  }
});

test("takes away the key of an order that came to nothing", async () => {
  const dead = await issued("shop.example.test");
  fastly.refuse = (call) => (call === "POST /tls/certificates" ? { status: 400 } : undefined);
  await expect(tls.activate("shop.example.test", dead.chain, dead.key)).rejects.toMatchObject({
    code: "FASTLY_REFUSED",
  });
  fastly.refuse = () => undefined;
  const next = await issued("shop.example.test");
  await replace("shop.example.test", next.chain, next.key);
  expect(count()).toEqual({ keys: 1, certificates: 1, activations: 1 });
});

test("finds its own certificate behind several pages of others for the name", async () => {
  for (let other = 0; other < 5; other++) {
    const { chain, key } = await issued("shop.example.test");
    await tls.activate("shop.example.test", chain, key);
    fastly.certificates.push({ ...fastly.certificates.pop(), name: "by hand" } as never);
    fastly.activations.length = 0;
  }
  expect(fastly.certificates).toHaveLength(5);
  const { chain, key } = await issued("shop.example.test");
  const first = await tls.activate("shop.example.test", chain, key);
  fastly.calls.length = 0;
  expect(await tls.activate("shop.example.test", chain, key)).toEqual(first);
  expect(fastly.calls.filter((call) => WRITES.test(call))).toEqual([]);
});

test("leaves an old certificate that another configuration still uses, and uses a key that is there by another name", async () => {
  const old = await issued("shop.example.test");
  const { certificateId } = await tls.activate("shop.example.test", old.chain, old.key);
  fastly.activations.push({
    id: "x",
    domain: "shop.example.test",
    configuration: "other",
    certificate: certificateId,
  });
  const fresh = await issued("shop.example.test");
  await replace("shop.example.test", fresh.chain, fresh.key);
  expect(count()).toEqual({ keys: 2, certificates: 2, activations: 2 });

  fastly.certificates.length = 0;
  fastly.activations.length = 0;
  fastly.keys.splice(0, 2, ...fastly.keys.map((key) => ({ ...key, name: "by hand" })));
  await replace("shop.example.test", fresh.chain, fresh.key);
  expect(count()).toEqual({ keys: 2, certificates: 1, activations: 1 });
});

test("deactivates one domain and no other, twice over", async () => {
  for (const domain of ["shop.example.test", "a.example.test"]) {
    const { chain, key } = await issued(domain);
    await tls.activate(domain, chain, key);
  }
  await tls.deactivate("shop.example.test");
  await tls.deactivate("shop.example.test");
  expect(fastly.activations.map(({ domain }) => domain)).toEqual(["a.example.test"]);
  expect(count()).toEqual({ keys: 1, certificates: 1, activations: 1 });
});

test("tells a wrong token, a spent budget and an outage apart, without the token or the key", async () => {
  const { chain, key } = await issued("shop.example.test");
  const denied = openFastlyTls({ endpoint, token: "wrong-token", configurationId: "conf" });
  const errors = [await denied.activate("shop.example.test", chain, key).catch((error) => error)];
  expect(errors[0]).toMatchObject({ code: "FASTLY_DENIED", status: 401 });

  const reset = Math.ceil(Date.now() / 1000) + 600;
  fastly.refuse = (call) =>
    WRITES.test(call) ? { status: 429, headers: { "fastly-ratelimit-reset": String(reset) } } : undefined;
  errors.push(await tls.activate("shop.example.test", chain, key).catch((error) => error));
  expect(errors[1]).toMatchObject({ code: "FASTLY_RATE_LIMITED", dueAt: new Date(reset * 1000) });

  fastly.refuse = (call) => (WRITES.test(call) ? { status: 500 } : undefined);
  errors.push(await tls.activate("shop.example.test", chain, key).catch((error) => error));
  expect(errors[2]).toMatchObject({ code: "FASTLY_UNAVAILABLE", status: 500 });
  expect(fastly.calls.filter((call) => call === "POST /tls/private_keys")).toHaveLength(2);
  for (const error of errors)
    expect(`${error.stack}${JSON.stringify(error)}`).not.toMatch(/wrong-token|PRIVATE KEY/);
});

test("reads again when a read fails, within bounds", async () => {
  let reads = 0;
  fastly.refuse = (call) => (call.startsWith("GET") && reads++ < 2 ? { status: 503 } : undefined);
  const { chain, key } = await issued("shop.example.test");
  await tls.activate("shop.example.test", chain, key);
  expect(count()).toEqual({ keys: 1, certificates: 1, activations: 1 });
});

test("takes a certificate that is there under another name, and leaves it to the other name that it serves", async () => {
  const names = ["shop.example.test", "www.shop.example.test"] as const;
  const { cert, key } = await issuer.server(names.map((dns) => ({ dns })));
  for (const name of names) {
    await tls.activate(name, cert, new Secret(key));
    expect(await tls.activated(name, cert)).toBe("this");
  }
  expect(count()).toEqual({ keys: 1, certificates: 1, activations: 2 });
  await tls.deactivate(names[0]);
  expect(fastly.served(names[0])).toBeUndefined();
  expect(await tls.activated(names[1], cert)).toBe("this");
});

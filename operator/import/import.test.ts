import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { crypto } from "acme-client";
import pLimit from "p-limit";
import { stringify } from "yaml";
import { newEcdsaKey } from "../../runtime/certificates/acme/account-key.ts";
import { certificateRequest } from "../../runtime/certificates/acme/certificate-request.ts";
import { openCertificateBackups } from "../../runtime/certificates/backup/certificate-backups.ts";
import { newestUsable } from "../../runtime/certificates/backup/newest-usable.ts";
import { TestIssuingKey } from "../../runtime/certificates/testing/issuing-key.ts";
import { TestKeyWrapper } from "../../runtime/google/testing/key-wrapper.ts";
import { MemoryObjectStore } from "../../runtime/google/testing/memory-object-store.ts";
import { ALICE, OPERATOR, TestApi } from "../../runtime/workloads/domain-api/testing/api.ts";
import type { ApiClient } from "../api-client.ts";
import { type Adoptable, adopt } from "./adopt.ts";
import { candidatesIn } from "./candidates.ts";
import { readDump } from "./cluster-dump.ts";

const MANY = 1_000;
const ANNOTATIONS = { "cert-manager.io/certificate-name": "shop" };

let issuer: TestIssuingKey;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
});

interface Pair {
  readonly cert: string;
  readonly key: string;
}

function secret(name: string, { cert, key }: Pair, change: object = {}) {
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name, namespace: "shops", annotations: { ...ANNOTATIONS } },
    data: { "tls.crt": encoded(cert), "tls.key": encoded(key) },
    ...change,
  };
}

const list = (...items: object[]) => ({ apiVersion: "v1", kind: "List", items });
const pairFor = (...names: string[]) => issuer.server(names.map((dns) => ({ dns })));
const unfitIn = (...items: object[]) =>
  candidatesIn(readDump(JSON.stringify(list(...items))).secrets, new Date()).unfit;

describe("a dump", () => {
  test("is read as YAML, of one document or many, and as JSON", async () => {
    const items = [secret("one", await pairFor("one.example.test")), { kind: "ConfigMap", data: {} }];
    const documents = items.map((item) => stringify(item)).join("---\n");
    for (const text of [JSON.stringify(list(...items)), stringify(list(...items)), documents]) {
      expect(candidatesIn(readDump(text).secrets, new Date()).candidates).toMatchObject([
        { domain: "one.example.test", source: "shops/one", namespace: "shops" },
      ]);
    }
  });

  test("of Fastly's names what is activated there", () => {
    const activation = (id: string) => ({
      id: randomUUID(),
      type: "tls_activation",
      relationships: { tls_domain: { data: { type: "tls_domain", id } } },
    });
    const page = { data: [activation("a.example.test"), activation("b.example.test")], meta: {} };
    expect(readDump(JSON.stringify([page, page])).activated.slice(0, 2)).toEqual([
      "a.example.test",
      "b.example.test",
    ]);
  });

  test("that cannot be read is told of by its line, never by its text", () => {
    const text = "kind: List\nitems:\n  - &a [canary-private-key: *b\n";
    expect(() => readDump(text)).toThrow(/^is neither YAML nor JSON, from line \d+ on$/);
  });
});

describe("a certificate", () => {
  test("is taken for each of its names, but for those that no customer can have", async () => {
    const names = ["shop.example.test", "www.shop.example.test", "*.shop.example.test"];
    const dump = readDump(JSON.stringify(list(secret("shop", await pairFor(...names)))));
    const { candidates, unfit } = candidatesIn(dump.secrets, new Date());
    expect(candidates.map(({ domain }) => domain)).toEqual(names.slice(0, 2));
    expect(unfit).toEqual([{ domain: names[2], source: "shops/shop", why: "must not be a wildcard" }]);
  });

  test("is left out with its reason", async () => {
    const [pair, other] = [await pairFor("shop.example.test"), await pairFor("other.example.test")];
    expect(
      unfitIn(
        secret("not-cert-managers", pair, { metadata: { name: "by-hand", namespace: "shops" } }),
        secret("mixed-up", { cert: pair.cert, key: other.key }),
        secret("broken", { cert: "-----BEGIN CERTIFICATE-----", key: pair.key }),
      ),
    ).toEqual([
      { domain: null, source: "shops/by-hand", why: "is not cert-manager's" },
      { domain: null, source: "shops/mixed-up", why: "holds another certificate's key" },
      { domain: null, source: "shops/broken", why: "does not hold a certificate and a key" },
    ]);
  });

  test("gives way to one that is good for longer", async () => {
    const pairOf = async (days: number) => {
      const key = newEcdsaKey();
      const cert = await issuer.sign(certificateRequest("shop.example.test", key), days);
      return { cert, key: key.reveal() };
    };
    const [short, long] = [await pairOf(20), await pairOf(60)];
    for (const items of [
      [secret("short", short), secret("long", long)],
      [secret("long", long), secret("short", short)],
    ]) {
      const { candidates, unfit } = candidatesIn(
        readDump(JSON.stringify(list(...items))).secrets,
        new Date(),
      );
      expect(candidates).toMatchObject([{ source: "shops/long" }]);
      expect(unfit).toMatchObject([{ source: "shops/short", why: "ends no later than that of shops/long" }]);
    }
  });

  test("is left out with a key that the CDN does not take", async () => {
    const key = await crypto.createPrivateRsaKey(3072);
    const [, csr] = await crypto.createCsr({ altNames: ["shop.example.test"] }, key);
    const cert = await issuer.sign(csr.toString());
    expect(unfitIn(secret("large", { cert, key: key.toString() }))).toEqual([
      { domain: null, source: "shops/large", why: "has a key that the CDN does not take (rsa 3072)" },
    ]);
  });
});

describe("the import", () => {
  let platform: TestApi;
  let objects: MemoryObjectStore;
  let wrapper: TestKeyWrapper;
  let said: string;
  let api: ApiClient;

  beforeEach(() => {
    platform = new TestApi();
    platform.now = Date.now();
    objects = new MemoryObjectStore();
    wrapper = new TestKeyWrapper();
    said = "";
    const send = async (method: string, path: string, body?: object) => {
      said += JSON.stringify(body ?? "");
      return platform.call(method, path, OPERATOR, body);
    };
    api = {
      send,
      find: async (path: string) => {
        const { status, body } = await send("GET", path);
        return status === 404 ? undefined : body;
      },
    } as unknown as ApiClient;
  });

  const adoptAll = (all: readonly Adoptable[]) => {
    const turn = pLimit(8);
    return Promise.all(all.map((one) => turn(() => adopt(api, { objects, wrapper }, one))));
  };

  test(`adopts ${MANY} in two goes, seals every key, says none, and orders nothing`, async () => {
    const names = Array.from({ length: MANY }, (_, index) => `shop-${index}.example.test`);
    const pairs = await Promise.all(names.map((name) => pairFor(name)));
    const text = stringify(list(...pairs.map((pair, index) => secret(`shop-${index}`, pair))));
    const { candidates, unfit } = candidatesIn(readDump(text).secrets, new Date());
    expect(unfit).toEqual([]);
    const all = candidates.map((candidate) => ({ ...candidate, customer: ALICE, candidate }));

    const first = await adoptAll(all.slice(0, MANY / 2));
    expect(new Set(first.map(({ outcome }) => outcome))).toEqual(new Set(["adopted"]));
    const again = await adoptAll(all);
    expect(again.filter(({ outcome }) => outcome === "registered")).toHaveLength(MANY / 2);
    expect(again.filter(({ outcome }) => outcome === "adopted")).toHaveLength(MANY / 2);

    expect(platform.issuing).toHaveLength(MANY);
    expect(platform.validation).toEqual([]);
    const backups = openCertificateBackups(objects, wrapper);
    const sample = names.filter((_, index) => index % 100 === 7);
    for (const name of sample) {
      const { backup } = await newestUsable(backups, name, new Date());
      expect(backup?.keyPem.reveal()).toBe(pairs[names.indexOf(name)]?.key);
    }
    expect(objects.names).toHaveLength(MANY);
    const stored = await Promise.all(objects.names.map(async (name) => (await objects.read(name))?.bytes));
    expect(`${said}${platform.lines.join()}${stored.join()}${JSON.stringify(all)}`).not.toContain(
      "PRIVATE KEY",
    );
  }, 120_000);

  test("leaves a registered name alone, whose backups stay as they are", async () => {
    const domain = "shop.example.test";
    await platform.register(domain);
    const dump = readDump(JSON.stringify(list(secret("shop", await pairFor(domain)))));
    const [candidate] = candidatesIn(dump.secrets, new Date()).candidates;
    const adoptable = { domain, source: "shops/shop", customer: ALICE, candidate };
    expect(await adoptAll([adoptable])).toMatchObject([{ outcome: "registered" }]);
    expect(objects.names).toEqual([]);
  });

  test("can be done again where it broke off after the backup, which is not written twice", async () => {
    const domain = "shop.example.test";
    const dump = readDump(JSON.stringify(list(secret("shop", await pairFor(domain)))));
    const [candidate] = candidatesIn(dump.secrets, new Date()).candidates;
    const adoptable = { domain, source: "shops/shop", customer: ALICE, candidate };
    platform.failPublishing = true;
    expect(await adoptAll([adoptable])).toMatchObject([{ outcome: "failed" }]);
    const [name = ""] = objects.names;
    const { generation } = (await objects.read(name)) ?? {};
    platform.failPublishing = false;
    expect(await adoptAll([adoptable])).toMatchObject([{ outcome: "registered" }]);
    expect((await objects.read(name))?.generation).toBe(generation);
  });
});

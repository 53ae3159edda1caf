import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../../start-kernel.ts";
import { ask, put, SERVICE_ID, service } from "../../testing/front-door.ts";
import { FastlyStore } from "../fastly-store.ts";
import { SERVICE_VCL } from "../kind-tokens.ts";
import { DEFAULT_TLS_CONFIGURATION_ID } from "./configurations.ts";
import { FastlyApi } from "./fastly-api.ts";

const TOKEN = "fastly-token";
const DOMAINS = "/domain-management/v1/domains";

let stateDir: string;
let kernel: OwnedKernel;
let store: FastlyStore;
let api: FastlyApi;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "fastly-api-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  put(kernel.resources, SERVICE_VCL, SERVICE_ID, service);
  store = new FastlyStore(kernel.db);
  api = new FastlyApi(kernel, store, { apiToken: TOKEN });
  await api.start();
});

beforeEach(() => {
  for (const table of ["activations", "certificates", "keys", "domains"] as const) {
    for (const { id } of store.list(table)) store.remove(table, id);
  }
});

afterAll(async () => {
  await api.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function call(
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
) {
  const mediaType = path.startsWith("/tls") ? "application/vnd.api+json" : "application/json";
  const answer = await ask({
    port: kernel.ports.fastlyApi,
    path,
    method,
    headers: { "Fastly-Key": TOKEN, ...(body && { "Content-Type": mediaType }), ...headers },
    tls: { ca: kernel.authority.rootPem, servername: "api.fastly.com" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { ...answer, json: answer.body === "" ? undefined : JSON.parse(answer.body) };
}

function uploadKey(key: string, name = "key") {
  return call("POST", "/tls/private_keys", { data: { type: "tls_private_key", attributes: { key, name } } });
}

function uploadCertificate(cert_blob: string, name = "certificate") {
  return call("POST", "/tls/certificates", {
    data: { type: "tls_certificate", attributes: { cert_blob, name } },
  });
}

const activation = (certificate: string, domain?: string, configuration = DEFAULT_TLS_CONFIGURATION_ID) => ({
  data: {
    type: "tls_activation",
    relationships: {
      tls_certificate: { data: { type: "tls_certificate", id: certificate } },
      ...(domain !== undefined && {
        tls_configuration: { data: { type: "tls_configuration", id: configuration } },
        tls_domain: { data: { type: "tls_domain", id: domain } },
      }),
    },
  },
});

async function uploadPair(...names: string[]): Promise<{ key: string; certificate: string; cert: string }> {
  const { cert, key } = await kernel.authority.issue(names);
  const keyId = (await uploadKey(key)).json.data.id;
  return { key: keyId, certificate: (await uploadCertificate(cert)).json.data.id, cert };
}

test.each([[{ "Fastly-Key": "wrong" }], [{ "Fastly-Key": "" }]])(
  "refuses the credentials %j",
  async (headers) => {
    const answer = await call("GET", "/tls/private_keys", undefined, headers);
    expect([answer.status, answer.json]).toEqual([
      401,
      { msg: "Provided credentials are missing or invalid" },
    ]);
  },
);

describe("private keys", () => {
  test("are described and never shown", async () => {
    const { key } = await kernel.authority.issue(["a.test"]);
    const { status, body, json } = await uploadKey(key, "a");
    expect(status).toBe(201);
    expect(json.data).toMatchObject({
      type: "tls_private_key",
      attributes: { name: "a", key_type: "ECDSA", key_length: 256, replace: false },
    });
    expect(json.data.attributes.public_key_sha1).toMatch(/^[0-9a-f]{40}$/);
    const shown = await call("GET", `/tls/private_keys/${json.data.id}`);
    expect(shown.json.data).toEqual(json.data);
    expect(body + shown.body + (await call("GET", "/tls/private_keys")).body).not.toContain("PRIVATE");
    expect((await uploadKey(key, "a")).status).toBe(409);
  });

  test("of 4096 bits RSA, of other curves and of no kind at all are refused by the rule", async () => {
    const rsa = (modulusLength: number) => generateKeyPairSync("rsa", { modulusLength }).privateKey;
    const pemOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
    const keys = [
      pemOf(rsa(4096)),
      pemOf(generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey),
      pemOf(generateKeyPairSync("ed25519").privateKey),
      "no key",
    ];
    const details: string[] = [];
    for (const key of keys) details.push((await uploadKey(key)).json.errors[0].detail);
    expect(details).toEqual([
      "data.attributes.key must be RSA of 2048 bits, P-256 or P-384; got RSA of 4096 bits.",
      "data.attributes.key must be RSA of 2048 bits, P-256 or P-384; got secp521r1.",
      "data.attributes.key must be RSA of 2048 bits, P-256 or P-384; got ed25519.",
      "data.attributes.key must be a private key in PEM.",
    ]);
    expect((await uploadKey(pemOf(rsa(2048)))).json.data.attributes).toMatchObject({
      key_type: "RSA",
      key_length: 2048,
    });
  });

  test("stay while a certificate matches them", async () => {
    const { key, certificate } = await uploadPair("a.test");
    expect((await call("GET", "/tls/private_keys?filter%5Bin_use%5D=false")).json.data).toEqual([]);
    expect((await call("DELETE", `/tls/private_keys/${key}`)).status).toBe(403);
    expect((await call("DELETE", `/tls/certificates/${certificate}`)).status).toBe(204);
    expect((await call("GET", "/tls/private_keys?filter%5Bin_use%5D=false")).json.data).toHaveLength(1);
    expect((await call("DELETE", `/tls/private_keys/${key}`)).status).toBe(204);
    expect((await call("GET", `/tls/private_keys/${key}`)).status).toBe(404);
  });
});

describe("certificates", () => {
  test("need their key first, and are described by what they hold", async () => {
    const { cert, key } = await kernel.authority.issue(["b.test", "www.b.test"]);
    expect((await uploadCertificate(cert)).json.errors[0].detail).toBe(
      "No private key matches the certificate; upload the key first.",
    );
    await uploadKey(key);
    const { status, json } = await uploadCertificate(cert, "b");
    expect(status).toBe(201);
    expect(json.data).toMatchObject({
      type: "tls_certificate",
      attributes: {
        name: "b",
        issued_to: "b.test",
        issuer: "Local cloud root",
        serial_number: expect.stringMatching(/^\d+$/),
        signature_algorithm: "SHA256-ECDSA",
        not_after: expect.stringMatching(/^20\d\d-.*Z$/),
        not_before: expect.stringMatching(/^20\d\d-.*Z$/),
      },
      relationships: {
        tls_domains: {
          data: [
            { id: "b.test", type: "tls_domain" },
            { id: "www.b.test", type: "tls_domain" },
          ],
        },
      },
    });
    const found = await call("GET", "/tls/certificates?filter%5Btls_domains.id%5D=www.b.test");
    expect(found.json.data).toEqual([json.data]);
    expect((await call("GET", "/tls/certificates?filter%5Btls_domains.id%5D=c.test")).json.data).toEqual([]);
    expect((await uploadCertificate("no certificate")).status).toBe(400);
  });

  test("stay while they are activated, and give way only to one with all their names", async () => {
    const { certificate } = await uploadPair("c.test");
    const wider = await kernel.authority.issue(["c.test", "www.c.test"]);
    const other = await kernel.authority.issue(["d.test"]);
    await uploadKey(wider.key, "wider");
    await uploadKey(other.key, "other");
    await call("POST", "/tls/activations", activation(certificate, "c.test"));
    expect((await call("DELETE", `/tls/certificates/${certificate}`)).status).toBe(403);
    const patch = (cert_blob: string) =>
      call("PATCH", `/tls/certificates/${certificate}`, {
        data: { type: "tls_certificate", attributes: { cert_blob } },
      });
    expect((await patch(other.cert)).json.errors[0].detail).toBe(
      "The new certificate must hold every name of the old; it lacks c.test.",
    );
    expect((await patch(wider.cert)).json.data.id).toBe(certificate);
    const named = await call("GET", "/tls/certificates?filter%5Btls_domains.id%5D=www.c.test");
    expect(named.json.data).toHaveLength(1);
  });

  test("are uploaded, replaced and deleted together with their names, or not at all", async () => {
    const { cert, key } = await kernel.authority.issue(["full.test"]);
    const wider = await kernel.authority.issue(["full.test", "www.full.test"]);
    for (const each of [key, wider.key]) await uploadKey(each);
    const whileFailing = async <T>(when: string, work: () => Promise<T>) => {
      kernel.db.exec(
        `CREATE TRIGGER full BEFORE ${when} BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
      );
      try {
        return await work();
      } finally {
        kernel.db.exec("DROP TRIGGER full");
      }
    };
    const naming = async (domain: string) =>
      (await call("GET", `/tls/certificates?filter%5Btls_domains.id%5D=${domain}`)).json.data;
    const named = "INSERT ON fastly_certificate_names";

    expect((await whileFailing(named, () => uploadCertificate(cert))).status).toBe(500);
    const uploaded = await uploadCertificate(cert);
    expect(uploaded.status).toBe(201);
    expect(await naming("full.test")).toEqual([uploaded.json.data]);

    const path = `/tls/certificates/${uploaded.json.data.id}`;
    const replacement = { data: { type: "tls_certificate", attributes: { cert_blob: wider.cert } } };
    expect((await whileFailing(named, () => call("PATCH", path, replacement))).status).toBe(500);
    expect(await naming("full.test")).toEqual([uploaded.json.data]);

    const deleted = "DELETE ON fastly_certificates";
    expect((await whileFailing(deleted, () => call("DELETE", path))).status).toBe(500);
    expect(await naming("full.test")).toEqual([uploaded.json.data]);
  });

  test("come in pages that name their neighbours", async () => {
    for (const name of ["1", "2", "3"]) await uploadPair(`page-${name}.test`);
    const first = (await call("GET", "/tls/certificates?page%5Bsize%5D=2")).json;
    expect(first.data).toHaveLength(2);
    expect(first.meta).toEqual({ per_page: 2, current_page: 1, record_count: 3, total_pages: 2 });
    const { pathname, search } = new URL(first.links.next);
    const second = (await call("GET", pathname + search)).json;
    expect(second.data.map(({ attributes }: { attributes: object }) => attributes)).toMatchObject([
      { issued_to: "page-3.test" },
    ]);
    expect(second.links.next).toBeNull();
    expect((await call("GET", "/tls/certificates?page%5Bsize%5D=0")).status).toBe(400);
  });
});

test("an activation joins a certificate to one of its names, and moves to another certificate", async () => {
  const { certificate } = await uploadPair("e.test");
  expect(
    (await call("POST", "/tls/activations", activation(certificate, "f.test"))).json.errors[0].detail,
  ).toBe(`The certificate "${certificate}" is not valid for f.test.`);
  expect((await call("POST", "/tls/activations", activation(certificate, "e.test", "other"))).status).toBe(
    404,
  );
  const created = await call("POST", "/tls/activations", activation(certificate, "e.test"));
  expect(created.status).toBe(201);
  expect((await call("POST", "/tls/activations", activation(certificate, "e.test"))).status).toBe(409);

  const next = await uploadPair("e.test", "www.e.test");
  const { id } = created.json.data;
  const moved = await call("PATCH", `/tls/activations/${id}`, activation(next.certificate));
  expect(moved.json.data.relationships.tls_certificate.data.id).toBe(next.certificate);
  expect((await call("DELETE", `/tls/certificates/${certificate}`)).status).toBe(204);

  const filtered = (name: string, value: string) =>
    call("GET", `/tls/activations?filter%5B${name}%5D=${value}`);
  expect((await filtered("tls_domain.id", "e.test")).json.data).toEqual([moved.json.data]);
  expect((await filtered("tls_certificate.id", certificate)).json.data).toEqual([]);
  expect((await filtered("tls_other.id", "x")).json.errors[0].detail).toContain(
    '"filter[tls_other.id]" is not known',
  );
  expect((await call("DELETE", `/tls/activations/${id}`)).status).toBe(204);
});

test("there is one TLS configuration", async () => {
  const { json } = await call("GET", "/tls/configurations");
  expect(json.data).toMatchObject([{ id: DEFAULT_TLS_CONFIGURATION_ID, attributes: { default: true } }]);
});

test("a domain belongs to one service at a time, and to nobody twice", async () => {
  const created = await call("POST", DOMAINS, { fqdn: "Shop.Example.Test", service_id: SERVICE_ID });
  expect(created.status).toBe(201);
  expect(created.json).toMatchObject({ fqdn: "shop.example.test", service_id: SERVICE_ID, activated: false });
  expect((await call("POST", DOMAINS, { fqdn: "shop.example.test" })).status).toBe(409);
  expect((await call("POST", DOMAINS, { fqdn: "other.test", service_id: "nobody" })).status).toBe(400);
  expect((await call("POST", DOMAINS, { fqdn: "no name" })).status).toBe(400);

  const { certificate } = await uploadPair("shop.example.test");
  await call("POST", "/tls/activations", activation(certificate, "shop.example.test"));
  const path = `${DOMAINS}/${created.json.id}`;
  expect((await call("GET", path)).json.activated).toBe(true);
  expect((await call("PATCH", path, { service_id: null })).json).toMatchObject({
    service_id: null,
    activated: false,
  });
  expect((await call("PATCH", path, { fqdn: "x.test" })).status).toBe(400);
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("DELETE", path)).status).toBe(404);
});

test("a listing of domains holds the names that contain the asked one, unless it asks for that alone", async () => {
  for (const fqdn of ["shop.example.test", "a.shop.example.test", "other.test"]) {
    await call("POST", DOMAINS, { fqdn, service_id: fqdn === "other.test" ? null : SERVICE_ID });
  }
  const listed = async (query: string) =>
    (await call("GET", `${DOMAINS}?${query}`)).json.data.map(({ fqdn }: { fqdn: string }) => fqdn);
  const both = ["a.shop.example.test", "shop.example.test"];
  expect(await listed("fqdn=Shop.Example.Test")).toEqual(both);
  expect(await listed("fqdn=shop.example.test&fqdn_match=contains")).toEqual(both);
  expect(await listed("fqdn=Shop.Example.Test&fqdn_match=exact")).toEqual(["shop.example.test"]);
  expect(await listed("fqdn=example.test&fqdn_match=exact")).toEqual([]);
  expect(await listed(`fqdn=test&service_id=${SERVICE_ID}`)).toEqual(both);
  const refused = async (query: string) => (await call("GET", `${DOMAINS}?${query}`)).json.errors[0].detail;
  expect(await refused("fqdn=a&fqdn_match=regex")).toBe(
    'fqdn_match must be one of contains, exact; got "regex".',
  );
  expect(await refused("fqdn_match=exact")).toBe("fqdn must be set where fqdn_match is.");
});

test("a listing of domains comes in pages of 20, each going on where the one before ended", async () => {
  const names = Array.from({ length: 23 }, (_, index) => `s${String(index).padStart(2, "0")}.test`);
  const now = new Date().toISOString();
  for (const fqdn of names.toReversed()) {
    store.add("domains", { fqdn, service_id: null, created_at: now, updated_at: now });
  }
  const namesOf = ({ json }: { json: { data: { fqdn: string }[] } }) => json.data.map(({ fqdn }) => fqdn);
  const first = await call("GET", `${DOMAINS}?fqdn=test&cursor=`);
  expect(namesOf(first)).toEqual(names.slice(0, 20));
  expect(first.json.meta).toMatchObject({ limit: 20, total: 23 });

  // The last domain of the page goes before the next is asked for.
  store.remove("domains", store.find("domains", { fqdn: "s19.test" })?.id ?? "");
  const next = `${DOMAINS}?fqdn=test&limit=2&cursor=${first.json.meta.next_cursor}`;
  const second = await call("GET", next);
  expect(namesOf(second)).toEqual(["s20.test", "s21.test"]);
  const third = await call("GET", `${DOMAINS}?cursor=${second.json.meta.next_cursor}`);
  expect(namesOf(third)).toEqual(["s22.test"]);
  expect(third.json.meta.next_cursor).toBeUndefined();
  for (const query of ["limit=0", "limit=101", "limit=x", "cursor=x"]) {
    expect((await call("GET", `${DOMAINS}?${query}`)).status).toBe(400);
  }
});

test.each([
  ["another media type", { "Content-Type": "text/plain" }, "{}", 415],
  ["what is not JSON", { "Content-Type": "application/json" }, "{", 400],
  ["too much", { "Content-Type": "application/json" }, "x".repeat(3_000_000), 413],
])("refuses %s", async (_, headers, body, status) => {
  const answer = await ask({
    port: kernel.ports.fastlyApi,
    path: DOMAINS,
    method: "POST",
    headers: { "Fastly-Key": TOKEN, ...headers },
    body,
    tls: { ca: kernel.authority.rootPem },
  });
  expect(answer.status).toBe(status);
});

test("names paths and methods that it doesn't have", async () => {
  expect((await call("GET", "/service")).json.errors[0].detail).toBe("The local Fastly API has no /service.");
  expect((await call("DELETE", "/tls/configurations/x")).status).toBe(405);
});

test("counts an hour's writes, says how many are left, and refuses those beyond", async () => {
  const limited = new FastlyApi({ ...kernel, ports: { ...kernel.ports, fastlyApi: 0 } }, store, {
    apiToken: TOKEN,
    writesPerHour: 2,
  });
  await limited.start();
  try {
    const write = () =>
      ask({
        port: limited.port,
        path: `${DOMAINS}/none`,
        method: "DELETE",
        headers: { "Fastly-Key": TOKEN },
        tls: { ca: kernel.authority.rootPem },
      });
    const answers = [await write(), await write(), await write()];
    expect(answers.map(({ status, headers }) => [status, headers["fastly-ratelimit-remaining"]])).toEqual([
      [404, "1"],
      [404, "0"],
      [429, "0"],
    ]);
    const reset = Number(answers[2]?.headers["fastly-ratelimit-reset"]) * 1000;
    expect(reset).toBeGreaterThan(Date.now());
    expect(reset).toBeLessThanOrEqual(Date.now() + 3_601_000);
  } finally {
    await limited.stop();
  }
});

test("fails the calls that it is told to, before or after their effect", async () => {
  api.failNext({ method: "POST", path: /domains$/, status: 500 });
  api.failNext({ method: "POST", path: /domains$/, status: 503, afterEffect: true });
  expect((await call("POST", DOMAINS, { fqdn: "lost.test" })).status).toBe(500);
  expect(store.list("domains")).toEqual([]);
  expect((await call("POST", DOMAINS, { fqdn: "lost.test" })).status).toBe(503);
  expect(store.list("domains")).toHaveLength(1);
  expect((await call("POST", DOMAINS, { fqdn: "found.test" })).status).toBe(201);
});

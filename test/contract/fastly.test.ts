import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { DEFAULT_TLS_CONFIGURATION_ID } from "../../local/services/fastly/api/configurations.ts";
import { FastlyApi as LocalFastlyApi } from "../../local/services/fastly/api/fastly-api.ts";
import { FastlyStore } from "../../local/services/fastly/fastly-store.ts";
import { SERVICE_VCL } from "../../local/services/fastly/kind-tokens.ts";
import { type OwnedKernel, startKernel } from "../../local/services/start-kernel.ts";
import { put, SERVICE_ID, service } from "../../local/services/testing/front-door.ts";
import { newEcdsaKey } from "../../runtime/certificates/acme/account-key.ts";
import { certificateRequest } from "../../runtime/certificates/acme/certificate-request.ts";
import type { FastlyApiOptions } from "../../runtime/certificates/fastly/fastly-api.ts";
import { FastlyApi } from "../../runtime/certificates/fastly/fastly-api.ts";
import { openFastlyDomains } from "../../runtime/certificates/fastly/fastly-domains.ts";
import { openFastlyTls } from "../../runtime/certificates/fastly/fastly-tls.ts";
import { TlsResources } from "../../runtime/certificates/fastly/tls-resources.ts";
import { TestFastly } from "../../runtime/certificates/testing/fastly.ts";
import { TestIssuingKey } from "../../runtime/certificates/testing/issuing-key.ts";
import { SYSTEM_CLOCK } from "../../runtime/workload/clock.ts";

const DOMAIN = "shop.example.test";
const TOKEN = TestFastly.token;

const stateDir = mkdtempSync(join(tmpdir(), "fastly-contract-"));
let kernel: OwnedKernel;
let local: LocalFastlyApi;
let store: FastlyStore;
let issuer: TestIssuingKey;

beforeAll(async () => {
  issuer = await TestIssuingKey.create();
  kernel = await startKernel({ stateDir, portBase: "any" });
  put(kernel.resources, SERVICE_VCL, SERVICE_ID, service);
  store = new FastlyStore(kernel.db);
  local = new LocalFastlyApi(kernel, store, { apiToken: TOKEN });
  await local.start();
  setDefaultCACertificates([...getCACertificates("default"), kernel.authority.rootPem]);
});

beforeEach(() => {
  for (const table of ["activations", "certificates", "keys", "domains"] as const) {
    for (const { id } of store.list(table)) store.remove(table, id);
  }
});

afterAll(async () => {
  await local.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

function inMemory(): FastlyApiOptions {
  const fastly = new TestFastly();
  const send: TestFastly["send"] = (url, request) => fastly.send(url, request);
  return { endpoint: "https://fastly.test", token: TOKEN, transport: { send, clock: SYSTEM_CLOCK } };
}

function onThisMachine(): FastlyApiOptions {
  return { endpoint: `https://localhost:${kernel.ports.fastlyApi}`, token: TOKEN };
}

async function issued() {
  const key = newEcdsaKey();
  return [await issuer.sign(certificateRequest(DOMAIN, key)), key] as const;
}

describe.each([
  ["Fastly in memory", inMemory],
  ["local Fastly", onThisMachine],
])("%s, through our client", (_name, open) => {
  let options: FastlyApiOptions;
  const tls = () => openFastlyTls({ ...options, configurationId: DEFAULT_TLS_CONFIGURATION_ID });
  const domains = (serviceId = SERVICE_ID) => openFastlyDomains({ ...options, serviceId });

  beforeEach(() => {
    options = open();
  });

  async function counts(): Promise<readonly number[]> {
    const resources = new TlsResources(new FastlyApi(options));
    const found = await Promise.all([
      resources.list("private_keys", { "filter[in_use]": "false" }),
      resources.list("certificates", { "filter[tls_domains.id]": DOMAIN }),
      resources.list("activations", { "filter[tls_domain.id]": DOMAIN }),
    ]);
    return found.map(({ length }) => length);
  }

  test("activates once, however often it is asked to", async () => {
    const certificate = await issued();
    const first = await tls().activate(DOMAIN, ...certificate);
    expect(await tls().activate(DOMAIN, ...certificate)).toEqual(first);
    expect(await counts()).toEqual([0, 1, 1]);
  });

  test("moves an activation to another certificate, and lets the old one go", async () => {
    const before = await tls().activate(DOMAIN, ...(await issued()));
    const after = await tls().activate(DOMAIN, ...(await issued()));
    expect(after.activationId).toBe(before.activationId);
    expect(after.certificateId).not.toBe(before.certificateId);
    await tls().retire(DOMAIN, after.certificateId);
    expect(await counts()).toEqual([0, 1, 1]);
  });

  test("deactivates, and again where nothing is left", async () => {
    await tls().activate(DOMAIN, ...(await issued()));
    await tls().deactivate(DOMAIN);
    await tls().deactivate(DOMAIN);
    expect(await counts()).toEqual([0, 0, 0]);
  });

  test("links a domain once, to one service", async () => {
    expect(await domains().link(DOMAIN)).toEqual({ kind: "linked", created: true });
    expect(await domains().link(DOMAIN)).toEqual({ kind: "linked", created: false });
    expect(await domains("another").link(DOMAIN)).toMatchObject({ kind: "taken" });
    await domains("another").unlink(DOMAIN);
    expect(await domains().link(DOMAIN)).toEqual({ kind: "linked", created: false });
    await domains().unlink(DOMAIN);
    expect(await domains().link(DOMAIN)).toEqual({ kind: "linked", created: true });
  });

  test("lets nobody in without the token", async () => {
    const stranger = openFastlyTls({ ...options, token: "guessed", configurationId: "conf" });
    await expect(stranger.deactivate(DOMAIN)).rejects.toMatchObject({ code: "FASTLY_DENIED" });
  });

  test("refuses a certificate without its key, and an activation without a certificate", async () => {
    const resources = new TlsResources(new FastlyApi(options));
    const [chain] = await issued();
    const certificate = { type: "tls_certificate", attributes: { cert_blob: chain, name: "alone" } };
    await expect(resources.create("certificates", certificate)).rejects.toMatchObject({
      code: "FASTLY_REFUSED",
    });
  });
});

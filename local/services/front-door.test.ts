import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import acmeClient from "acme-client";
import { Acme } from "./acme/acme.ts";
import { DEFAULT_TLS_CONFIGURATION_ID } from "./fastly/api/configurations.ts";
import { FastlyApi } from "./fastly/api/fastly-api.ts";
import { FastlyEdge } from "./fastly/fastly-edge.ts";
import { FastlyStore } from "./fastly/fastly-store.ts";
import { SERVICE_VCL } from "./fastly/kind-tokens.ts";
import { LoadBalancer } from "./load-balancing/load-balancer.ts";
import { type OwnedKernel, startKernel } from "./start-kernel.ts";
import { ask, echoingRun, put, putLoadBalancer, SERVICE_ID, service } from "./testing/front-door.ts";

const BIN_DIR = join(import.meta.dirname, "../../.local/bin");
const TOKEN = "fastly-token";
const DOMAIN = "shop.example.test";

const tokens = new Map<string, string>();
let stateDir: string;
let kernel: OwnedKernel;
let acme: Acme;
let balancer: LoadBalancer;
let api: FastlyApi;
let edge: FastlyEdge;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "front-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  const store = new FastlyStore(kernel.db);
  acme = new Acme(kernel, { binDir: BIN_DIR });
  balancer = new LoadBalancer(kernel, echoingRun(tokens));
  api = new FastlyApi(kernel, store, { apiToken: TOKEN });
  edge = new FastlyEdge(kernel, store);
  for (const part of [acme, balancer, api, edge]) await part.start();
  putLoadBalancer(kernel.resources);
  put(kernel.resources, SERVICE_VCL, SERVICE_ID, service);
  await fastly("POST", "/domain-management/v1/domains", { fqdn: DOMAIN, service_id: SERVICE_ID });
});

beforeEach(() => put(kernel.resources, SERVICE_VCL, SERVICE_ID, service));

afterAll(async () => {
  for (const part of [edge, api, balancer, acme]) await part.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function fastly(method: string, path: string, body: object): Promise<{ id: string }> {
  const mediaType = path.startsWith("/tls") ? "application/vnd.api+json" : "application/json";
  const answer = await ask({
    port: kernel.ports.fastlyApi,
    path,
    method,
    headers: { "Fastly-Key": TOKEN, "Content-Type": mediaType },
    body: JSON.stringify(body),
    tls: { ca: kernel.authority.rootPem, servername: "api.fastly.com" },
  });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  const parsed = JSON.parse(answer.body);
  return parsed.data ?? parsed;
}

/** Elsewhere this machine has one address of its own. */
const onLinux = process.platform === "linux" ? test : test.skip;

function overHttp(path: string, headers: Readonly<Record<string, string>> = {}) {
  return ask({ port: kernel.ports.edgeHttp, path, headers: { Host: DOMAIN, ...headers } });
}

test("a CA's HTTP-01 request reaches the token proxy, and the certificate then serves the page by SNI", async () => {
  acmeClient.axios.defaults.httpsAgent = new (await import("node:https")).Agent({
    ca: kernel.authority.rootPem,
  });
  const client = new acmeClient.Client({
    directoryUrl: acme.directoryUrl,
    accountKey: await acmeClient.crypto.createPrivateEcdsaKey(),
    backoffMin: 50,
    backoffMax: 500,
  });
  const [key, csr] = await acmeClient.crypto.createCsr(
    { altNames: [DOMAIN] },
    await acmeClient.crypto.createPrivateEcdsaKey(),
  );
  const chain = await client.auto({
    csr,
    email: "ca@platform.test",
    termsOfServiceAgreed: true,
    challengePriority: ["http-01"],
    skipChallengeVerification: true,
    challengeCreateFn: async (_, { token }, keyAuthorization) => {
      tokens.set(`${DOMAIN}/.well-known/acme-challenge/${token}`, keyAuthorization);
    },
    challengeRemoveFn: async (_, { token }) => {
      tokens.delete(`${DOMAIN}/.well-known/acme-challenge/${token}`);
    },
  });

  const tls = { ca: readFileSync(kernel.authority.caFile, "utf8"), servername: DOMAIN };
  const page = { port: kernel.ports.edgeHttps, path: "/", headers: { Host: DOMAIN }, tls };
  await expect(ask(page)).rejects.toThrow(/handshake failure/);

  const attributes = { key: key.toString(), name: DOMAIN };
  await fastly("POST", "/tls/private_keys", { data: { type: "tls_private_key", attributes } });
  const certificate = await fastly("POST", "/tls/certificates", {
    data: { type: "tls_certificate", attributes: { cert_blob: chain, name: DOMAIN } },
  });
  await fastly("POST", "/tls/activations", {
    data: {
      type: "tls_activation",
      relationships: {
        tls_certificate: { data: { type: "tls_certificate", id: certificate.id } },
        tls_configuration: { data: { type: "tls_configuration", id: DEFAULT_TLS_CONFIGURATION_ID } },
        tls_domain: { data: { type: "tls_domain", id: DOMAIN } },
      },
    },
  });

  const answer = await ask(page);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({
    serviceId: "projects/p/locations/europe-west1/services/hosting",
    ingress: "loadBalancer",
    headers: { host: DOMAIN, "fastly-ssl": "1", "x-forwarded-proto": "https" },
  });
});

test("Host and path of a challenge arrive untouched at the token proxy", async () => {
  const path = "/.well-known/acme-challenge/..%2f%2E%2e//a%00b;c?q=%20&q";
  const answer = await overHttp(path, { Host: "Shop.Example.TEST:8080", "X-Forwarded-For": "198.51.100.1" });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({
    serviceId: "projects/p/locations/europe-west1/services/token-proxy",
    url: path,
    headers: {
      host: "Shop.Example.TEST:8080",
      "fastly-client-ip": "127.0.0.1",
      "x-forwarded-for": "198.51.100.1, 127.0.0.1,151.101.1.57,203.0.113.7",
    },
  });
});

test("everything else on port 80 is redirected with path and query", async () => {
  const answer = await overHttp("/a%2Fb/../c?x=1&y=%20");
  expect([answer.status, answer.headers.location]).toEqual([301, `https://${DOMAIN}/a%2Fb/../c?x=1&y=%20`]);
});

test("a changed condition of the service changes the routing", async () => {
  const moved = 'req.url.path ~ "^/elsewhere/"';
  put(kernel.resources, SERVICE_VCL, SERVICE_ID, {
    ...service,
    conditions: [
      { name: "acme", type: "REQUEST", statement: moved },
      { name: "not-acme", type: "REQUEST", statement: `!(${moved})` },
    ],
  });
  const challenge = await overHttp("/.well-known/acme-challenge/token");
  expect([challenge.status, challenge.headers.location]).toEqual([
    301,
    `https://${DOMAIN}/.well-known/acme-challenge/token`,
  ]);
  // The edge takes it to port 80 of the load balancer now, whose own map redirects it.
  const elsewhere = await overHttp("/elsewhere/x?y");
  expect(elsewhere.headers["x-cache"]).toBe("MISS");
  expect([elsewhere.status, elsewhere.headers.location]).toEqual([301, `https://${DOMAIN}/elsewhere/x?y`]);
});

test("the load balancer lets in Fastly alone", async () => {
  const path = "/.well-known/acme-challenge/token";
  const direct = await ask({ port: kernel.ports.loadBalancerHttp, path, headers: { Host: DOMAIN } });
  expect(direct.status).toBe(403);
  expect((await overHttp(path)).status).toBe(200);
});

onLinux("takes nobody for Fastly who has a port that one of Fastly's connections has", async () => {
  const throughFastly = JSON.parse((await overHttp("/.well-known/acme-challenge/none")).body);
  // The kept connection's own port, from another of this machine's addresses.
  const from = { localAddress: "127.0.0.2", localPort: throughFastly.remotePort };
  const path = "/.well-known/acme-challenge/none";
  const direct = await ask({ port: kernel.ports.loadBalancerHttp, path, headers: { Host: DOMAIN }, from });
  expect(direct.status).toBe(403);
  expect((await overHttp(path)).status).toBe(200);
});

test("a host that belongs to no service is Fastly's own error", async () => {
  const answer = await overHttp("/", { Host: "stranger.test" });
  expect(answer.status).toBe(500);
  expect(answer.body).toContain("Fastly error: unknown domain: stranger.test.");
});

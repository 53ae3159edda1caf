import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type OwnedKernel, startKernel } from "../start-kernel.ts";
import {
  ADDRESS,
  type Asked,
  ask,
  askRaw,
  echoingRun,
  httpMap,
  ids,
  ORIGIN,
  put,
  putLoadBalancer,
} from "../testing/front-door.ts";
import {
  FORWARDING_RULE,
  GLOBAL_ADDRESS,
  SECURITY_POLICY,
  SSL_POLICY,
  TARGET_HTTPS_PROXY,
  URL_MAP,
} from "./kind-tokens.ts";
import { LoadBalancer } from "./load-balancer.ts";

const PATH = "/.well-known/acme-challenge/token";

let stateDir: string;
let kernel: OwnedKernel;
let balancer: LoadBalancer;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "balancer-"));
  kernel = await startKernel({ stateDir, portBase: "any" });
  balancer = new LoadBalancer(kernel, echoingRun(new Map()));
  await balancer.start();
  putLoadBalancer(kernel.resources);
  change(SECURITY_POLICY, ids.policy, { rules: [] });
  await until(() => kernel.network.locate(ADDRESS, 443) !== undefined);
});

afterEach(async () => {
  await balancer.stop();
  await kernel.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("What was waited for did not come.");
    await delay(5);
  }
}

function change(kind: string, id: string, properties: Readonly<Record<string, unknown>>): void {
  put(kernel.resources, kind, id, { ...kernel.resources.get(kind, id)?.properties, ...properties });
}

function overHttp(path: string, host = "shop.example.test") {
  return ask({ port: kernel.ports.loadBalancerHttp, path, headers: { Host: host } });
}

function overHttps(tls: Partial<NonNullable<Asked["tls"]>> = {}) {
  return ask({
    port: kernel.ports.loadBalancerHttps,
    path: "/",
    headers: { Host: "shop.example.test" },
    tls: { ca: kernel.authority.rootPem, servername: ORIGIN, ...tls },
  });
}

test("listens in the cloud's network while there is a rule, and resets connections when there is none", async () => {
  expect(kernel.network.locate(ADDRESS, 80)).toBe(kernel.ports.loadBalancerHttp);
  expect((await overHttp(PATH)).status).toBe(200);
  kernel.resources.remove(FORWARDING_RULE, ids.httpRule);
  await expect(overHttp(PATH)).rejects.toMatchObject({ code: "ECONNRESET" });
  await until(() => kernel.network.locate(ADDRESS, 80) === undefined);
  kernel.resources.remove(FORWARDING_RULE, ids.httpsRule);
  await expect(overHttps()).rejects.toMatchObject({ code: "ECONNRESET" });
});

test("a second rule has a port of its own, and the first keeps the fixed one", async () => {
  const address = "projects/p/global/addresses/second";
  put(kernel.resources, GLOBAL_ADDRESS, address, { address: "203.0.113.8" });
  put(kernel.resources, URL_MAP, "projects/p/global/urlMaps/second", {
    defaultUrlRedirect: { hostRedirect: "second.test" },
  });
  const proxy = "projects/p/global/targetHttpProxies/second";
  put(kernel.resources, "gcp:compute/targetHttpProxy:TargetHttpProxy", proxy, { urlMap: "second" });
  put(kernel.resources, FORWARDING_RULE, "projects/p/global/forwardingRules/second", {
    portRange: "80",
    target: proxy,
    ipAddress: "203.0.113.8",
  });
  await until(() => kernel.network.locate("203.0.113.8", 80) !== undefined);
  const port = kernel.network.locate("203.0.113.8", 80) ?? 0;
  expect(port).not.toBe(kernel.ports.loadBalancerHttp);
  const second = await ask({ port, path: "/x", headers: { Host: "shop.example.test" } });
  expect(second.headers.location).toBe("http://second.test/x");
  expect((await overHttp("/x")).headers.location).toBe("https://shop.example.test/x");
});

test("follows a changed URL map at the next request, and answers 404 where it says nothing", async () => {
  expect((await overHttp(PATH)).status).toBe(200);
  change(URL_MAP, ids.httpMap, {
    ...httpMap,
    defaultUrlRedirect: undefined,
    hostRules: [{ hosts: ["shop.example.test"], pathMatcher: "all" }],
    pathMatchers: [{ name: "all", defaultUrlRedirect: { hostRedirect: "moved.test" } }],
  });
  expect((await overHttp(PATH)).headers.location).toBe(`http://moved.test${PATH}`);
  expect((await overHttp(PATH, "other.test")).status).toBe(404);
});

test("passes a request on whole, with the client in X-Forwarded-For", async () => {
  const answer = await ask({
    port: kernel.ports.loadBalancerHttp,
    path: `${PATH}?a=b`,
    method: "POST",
    headers: { Host: "shop.example.test", "X-Forwarded-For": "198.51.100.1", "X-Own": "1" },
    body: "payload",
  });
  expect(JSON.parse(answer.body)).toMatchObject({
    serviceId: "projects/p/locations/europe-west1/services/token-proxy",
    ingress: "loadBalancer",
    method: "POST",
    url: `${PATH}?a=b`,
    body: "payload",
    headers: {
      "x-own": "1",
      "x-forwarded-for": `198.51.100.1,127.0.0.1,${ADDRESS}`,
      "x-forwarded-proto": "http",
      via: "1.1 google",
    },
  });
});

test("answers 502 when a backend cannot be reached at all, and goes on", async () => {
  const broken = new LoadBalancer(
    { ...kernel, ports: { ...kernel.ports, loadBalancerHttp: 0, loadBalancerHttps: 0 } },
    { serve: () => Promise.reject(new Error("no instance")) },
  );
  await broken.start();
  try {
    const port = kernel.network.locate(ADDRESS, 80) ?? 0;
    expect(port).not.toBe(kernel.ports.loadBalancerHttp);
    for (let times = 0; times < 2; times += 1) {
      const answer = await ask({ port, path: PATH, headers: { Host: "shop.example.test" } });
      expect(answer.status).toBe(502);
    }
  } finally {
    await broken.stop();
  }
});

test.each([
  [
    "two of one name",
    ["Host: shop.example.test", "Host: shop.example.test"],
    "A request must have one Host header; got 2.",
  ],
  [
    "two of two names",
    ["Host: shop.example.test", "host: other.test"],
    "A request must have one Host header; got 2.",
  ],
  [
    "one of two names",
    ["Host: shop.example.test, other.test"],
    'The host must be a name or an address; got "shop.example.test, other.test".',
  ],
])("answers 400 to Host headers that leave open which host is meant: %s", async (_, hosts, reason) => {
  const answer = await askRaw(kernel.ports.loadBalancerHttp, [`GET ${PATH} HTTP/1.1`, ...hosts]);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain(reason);
});

test("takes the host of a target in absolute-form, whatever Host says, and passes it on as Host", async () => {
  change(URL_MAP, ids.httpMap, {
    ...httpMap,
    defaultUrlRedirect: undefined,
    hostRules: [{ hosts: ["shop.example.test"], pathMatcher: "all" }],
  });
  const { loadBalancerHttp } = kernel.ports;
  const target = `http://shop.example.test:80${PATH}?a=b`;
  const answer = await askRaw(loadBalancerHttp, [`GET ${target} HTTP/1.1`, "Host: other.test"]);
  expect(answer).toContain(`"url":"${PATH}?a=b"`);
  expect(answer).toContain('"host":"shop.example.test:80"');
  expect(answer).not.toContain("other.test");
  const other = await askRaw(loadBalancerHttp, [
    `GET http://other.test${PATH} HTTP/1.1`,
    "Host: shop.example.test",
  ]);
  expect(other).toMatch(/^HTTP\/1\.1 404 /);
});

test("passes every header line on, and refuses requests of too many or too long ones with 431", async () => {
  const lines = (count: number, value = "") =>
    Array.from({ length: count }, (_, at) => `X-${at}: ${value}${at}`);
  const asked = (headers: readonly string[]) =>
    askRaw(kernel.ports.loadBalancerHttp, [`GET ${PATH} HTTP/1.1`, "Host: shop.example.test", ...headers]);
  const kept = await asked(lines(250));
  expect(lines(250).filter((_, at) => !kept.includes(`"x-${at}":"${at}"`))).toEqual([]);
  const refused = await asked(lines(5_000));
  expect(refused).toMatch(/^HTTP\/1\.1 431 /);
  expect(refused).toContain("A request must have at most 255 header lines; got 5002.");
  expect(await asked(lines(100, "x".repeat(1_000)))).toMatch(/^HTTP\/1\.1 431 /);
});

test("judges each request by the policy in force", async () => {
  const match = { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["127.0.0.0/8"] } };
  expect((await overHttp(PATH)).status).toBe(200);
  change(SECURITY_POLICY, ids.policy, { rules: [{ priority: 1, action: "deny(404)", match }] });
  expect((await overHttp(PATH)).status).toBe(404);
});

test("gives the backend the policy's header in place of what it judged the request by", async () => {
  const match = { expr: { expression: "request.headers['x-secret'] == 'canary'" } };
  const headerAction = { requestHeadersToAdds: [{ headerName: "X-Secret", headerValue: "checked" }] };
  change(SECURITY_POLICY, ids.policy, {
    rules: [
      { priority: 1, action: "allow", match, headerAction },
      { priority: 2_147_483_647, action: "deny(403)", match: { config: { srcIpRanges: ["*"] } } },
    ],
  });
  const asked = (secret: string) =>
    askRaw(kernel.ports.loadBalancerHttp, [
      `GET ${PATH} HTTP/1.1`,
      "Host: shop.example.test",
      `X-SECRET: ${secret}`,
    ]);
  expect(await asked("another")).toMatch(/^HTTP\/1\.1 403 /);
  const passed = await asked("canary");
  expect(passed).toMatch(/^HTTP\/1\.1 200 /);
  expect(passed).toContain('"x-secret":"checked"');
  expect(passed).not.toContain("canary");
});

test("shows the certificate of the server name, and fails the handshake for names without one", async () => {
  expect((await overHttps()).status).toBe(200);
  await expect(overHttps({ servername: "shop.example.test" })).rejects.toThrow(/handshake failure/);
});

test("keeps to the SSL policy's lowest TLS version", async () => {
  expect((await overHttps({ maxVersion: "TLSv1.2" })).status).toBe(200);
  put(kernel.resources, SSL_POLICY, "projects/p/global/sslPolicies/strict", {
    minTlsVersion: "TLS_1_3",
    profile: "RESTRICTED",
  });
  change(TARGET_HTTPS_PROXY, ids.httpsProxy, { sslPolicy: "projects/p/global/sslPolicies/strict" });
  const refusal = () =>
    overHttps({ maxVersion: "TLSv1.2" }).then(
      () => "",
      (error: Error) => error.message,
    );
  await until(async () => /protocol version/.test(await refusal()));
  expect((await overHttps()).status).toBe(200);
});

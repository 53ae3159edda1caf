import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { LocalPlatform } from "./support/local-platform.ts";

const DOMAIN = "shop.example.test";
const FIRST = "origin-secret-of-this-machine-alone";
const SECOND = "another-origin-secret-of-this-machine";
/** From which every customer of the CDN connects. */
const CDN_ADDRESS = "151.101.1.57";
const SERVICE = "fastly:index/serviceVcl:ServiceVcl";

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  await platform.update();
  await platform.settle(DOMAIN);
});

afterAll(() => platform.stop());

/** The status of the origin's answer to whoever connects to it from the CDN's addresses. */
async function statusAtOrigin(headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const { network, authority } = platform.cloud.kernel;
  const { properties } = platform.resource("gcp:compute/globalAddress:GlobalAddress", "certs-front");
  const port = await network.doorTo(String(properties.address), 443, CDN_ADDRESS);
  if (port === undefined) throw new Error("Nothing listens at the origin's address.");
  const { status } = await exchange({
    port,
    servername: "origin.platform.localhost",
    ca: readFileSync(authority.caFile),
    path: "/",
    headers: { host: DOMAIN, ...headers },
    deadlineMs: 5_000,
  });
  return status;
}

const throughEdge = () => probeEdge(edgeOf(platform.cloud.status()), DOMAIN);

test("the origin takes requests of our own service at the CDN alone", async () => {
  await expect(throughEdge()).resolves.toMatchObject({ status: 200 });
  await expect(statusAtOrigin()).resolves.toBe(403);
  await expect(statusAtOrigin({ "x-origin-secret": "" })).resolves.toBe(403);
  await expect(statusAtOrigin({ "x-origin-secret": "checked" })).resolves.toBe(403);
  await expect(statusAtOrigin({ "x-origin-secret": FIRST })).resolves.toBe(200);
});

test("the origin refuses another customer's service at the same CDN, whatever that sends", async () => {
  const { kernel } = platform.cloud;
  const { properties } = platform.resource(SERVICE, "certs-edge");
  const { headers: _ours, requestSettings: _redirects, ...theirs } = properties;
  const host = "mallory.example.test";
  kernel.resources.put({
    kind: SERVICE,
    id: "service-of-mallory",
    urn: "urn:of::mallory",
    properties: { ...theirs, domains: [{ name: host }] },
  });
  const { status } = await exchange({
    port: kernel.ports.edgeHttp,
    path: "/",
    headers: { host, "x-origin-secret": "checked" },
    deadlineMs: 5_000,
  });
  expect(status).toBe(403);
  kernel.resources.remove(SERVICE, "service-of-mallory");
});

test("a visitor's own header passes for nothing, and challenges need none", async () => {
  const { edgeHttps, edgeHttp } = platform.cloud.kernel.ports;
  const headers = { host: DOMAIN, "x-origin-secret": "mine" };
  const ca = readFileSync(platform.cloud.kernel.authority.caFile);
  const site = { port: edgeHttps, servername: DOMAIN, ca, path: "/", headers, deadlineMs: 5_000 };
  await expect(exchange(site)).resolves.toMatchObject({ status: 200 });
  const path = `/.well-known/acme-challenge/${"x".repeat(43)}`;
  await expect(exchange({ port: edgeHttp, path, headers, deadlineMs: 5_000 })).resolves.toMatchObject({
    status: 404,
  });
});

test("a new secret follows the old one in two updates, and no request is refused meanwhile", async () => {
  const statuses: number[] = [];
  let isDone = false;
  const visitor = (async () => {
    while (!isDone) {
      statuses.push((await throughEdge()).status);
      // Leaves the update some of the machine.
      await delay(50);
    }
  })();

  try {
    const both = { "platform:originSecret": SECOND, "platform:formerOriginSecret": FIRST };
    await platform.update({ config: both });
    await expect(statusAtOrigin({ "x-origin-secret": FIRST })).resolves.toBe(200);
    await platform.update({ config: { "platform:originSecret": SECOND } });
  } finally {
    isDone = true;
    await visitor;
  }

  expect(statuses.length).toBeGreaterThan(10);
  expect(new Set(statuses)).toEqual(new Set([200]));
  await expect(statusAtOrigin({ "x-origin-secret": FIRST })).resolves.toBe(403);
  await expect(statusAtOrigin({ "x-origin-secret": SECOND })).resolves.toBe(200);
});

import { createServer } from "node:https";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { EDGE_ADDRESS, EdgeAndVictim, VICTIM_HOSTS } from "../testing/edge-and-victim.ts";
import { TestIssuingKey } from "../testing/issuing-key.ts";
import { openEdgeSight } from "./edge-sight.ts";

const DOMAIN = "shop.example.test";
const signal = new AbortController().signal;

let network: EdgeAndVictim;
let location: string;

beforeEach(async () => {
  const issuer = await TestIssuingKey.create();
  const edge = createServer(await issuer.server([{ dns: DOMAIN }]), (_request, response) => {
    response.writeHead(302, { location }).end();
  });
  network = await new EdgeAndVictim().start(edge);
});

afterEach(() => network.stop());

test("sees what the edge shows by SNI, and follows no redirect to wherever it leads", async () => {
  const sight = openEdgeSight({ addresses: [EDGE_ADDRESS], port: network.port });
  for (const host of [...VICTIM_HOSTS, "169.254.169.254", "metadata.google.internal"]) {
    location = `https://${host}:${network.port}/`;
    const seen = await sight.look(DOMAIN, signal);
    expect(seen).toMatchObject({ kind: "seen", status: 302 });
    expect(seen.kind === "seen" && seen.certificate.checkHost(DOMAIN)).toBe(DOMAIN);
    expect((await sight.certificate(DOMAIN, signal))?.checkHost(DOMAIN)).toBe(DOMAIN);
  }
  expect(network.connections).toBe(0);
});

test.each(["localhost", "127.0.0.1", "::1", "2130706433"])(
  "connects to the edge's addresses alone, also for a name that is %s",
  async (host) => {
    location = "/";
    const sight = openEdgeSight({ addresses: [EDGE_ADDRESS], port: network.port });
    await sight.look(host, signal);
    await sight.certificate(host, signal);
    expect(network.connections).toBe(0);
  },
);

test("sees nothing where nothing listens, and stops when it is told to", async () => {
  await network.stop();
  const sight = openEdgeSight({ addresses: [EDGE_ADDRESS], port: network.port });
  expect(await sight.certificate(DOMAIN, signal)).toBeUndefined();
  expect(await sight.look(DOMAIN, signal)).toMatchObject({ kind: "nothing" });
  const stopped = AbortSignal.abort(new Error("Time is over."));
  await expect(sight.certificate(DOMAIN, stopped)).rejects.toThrow("Time is over.");
  await expect(sight.look(DOMAIN, stopped)).rejects.toThrow("Time is over.");
});

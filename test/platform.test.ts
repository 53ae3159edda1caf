import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import { Alerting } from "../local/services/monitoring/alerting.ts";
import { ManualClock } from "../local/services/pubsub/testing/clock.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { countActivations, forgetActivations } from "./support/fastly-activations.ts";
import { eventually, LocalPlatform } from "./support/local-platform.ts";
import { OutgoingConnections } from "./support/outgoing-connections.ts";

/** One cloud for all: each test has domains of its own. */
let platform: LocalPlatform;
let outgoing: OutgoingConnections;

beforeAll(async () => {
  outgoing = new OutgoingConnections();
  platform = await LocalPlatform.start();
  await platform.update();
});

afterAll(() => platform.stop());

test("serves a registered domain over HTTPS with a certificate of the CA, phase by phase", async () => {
  const domain = "shop.example.test";
  const resource = await platform.settle(domain);

  expect(resource).toMatchObject({ domain, state: "active", reason: null, orderNumber: 1 });
  expect(resource.phases.map(({ phase }) => phase)).toEqual(
    expect.arrayContaining([
      "registered",
      "validated",
      "ordered",
      "finalizing",
      "issued",
      "backed-up",
      "active",
    ]),
  );
  const sight = await probeEdge(edgeOf(platform.cloud.status()), domain);
  expect(sight).toMatchObject({
    status: 200,
    issuer: expect.stringContaining("Pebble"),
    notAfter: resource.notAfter,
  });
  expect(sight.page).toContain(domain);
});

test("shows no change when nothing changed", async () => {
  const { changeSummary } = await platform.update();

  expect(changeSummary).toEqual({ same: expect.any(Number) });
  expect(changeSummary.same).toBeGreaterThan(90);
});

test("takes 50 registrations of one domain at once for one", async () => {
  const domain = "rush.example.test";
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => platform.api.call("POST", "/v1/domains", { domain })),
  );

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(answers.map(({ body }) => (body as { orderNumber: number }).orderNumber))).toEqual(
    new Set([1]),
  );
  await platform.reach(domain, ["active"]);
  expect(await finalisedOrders(domain)).toBe(1);
});

test("fails a domain whose DNS leads elsewhere, or whose CAA forbids the CA, without asking the CA", async () => {
  const { dns } = platform.cloud.acme;
  await dns.setA("elsewhere.example.test", ["192.0.2.7"]);
  await dns.setCaa("forbidden.example.test", [{ tag: "issue", value: "other-ca.example" }]);

  await expect(platform.settle("elsewhere.example.test")).resolves.toMatchObject({
    state: "failed",
    reason: expect.stringContaining("192.0.2.7"),
  });
  await expect(platform.settle("forbidden.example.test")).resolves.toMatchObject({
    state: "failed",
    reason: expect.stringMatching(/CAA/),
  });
  await expect(finalisedOrders("elsewhere.example.test")).resolves.toBe(0);
});

test("lets nobody register one of the platform's own names", async () => {
  await expect(
    platform.api.call("POST", "/v1/domains", { domain: "api.platform.localhost" }),
  ).rejects.toThrow("must not be in platform.localhost, which belongs to the platform itself");
});

test("issues once a failed domain's DNS is mended and it is registered again", async () => {
  const { dns } = platform.cloud.acme;
  await dns.setA("mended.example.test", ["192.0.2.7"]);
  await platform.settle("mended.example.test", ["failed"]);
  await dns.setA("mended.example.test", ["127.0.0.1"]);

  await expect(platform.settle("mended.example.test", ["active"])).resolves.toMatchObject({ orderNumber: 2 });
});

test("keeps backups in which no PEM can be read, and restores one that was deleted at Fastly", async () => {
  const domain = "restored.example.test";
  await platform.settle(domain, ["active"]);
  const before = await probeEdge(edgeOf(platform.cloud.status()), domain);
  const backups = await platform.objects("certs-backup", "certs-issuer");
  expect(backups.map(({ name }) => name)).toContainEqual(expect.stringContaining(`certificates/${domain}/`));
  for (const { bytes } of backups) expect(bytes.toString("latin1")).not.toMatch(/BEGIN|PRIVATE KEY/);
  await forgetActivations(platform.cloud.status(), domain);
  await expect(probeEdge(edgeOf(platform.cloud.status()), domain)).rejects.toThrow();

  await platform.api.call("POST", `/v1/domains/${domain}/certificate:restore`);
  const after = await eventually(`${domain} to be served again`, 30, () =>
    probeEdge(edgeOf(platform.cloud.status()), domain).catch(() => undefined),
  );
  expect(after.serialNumber).toBe(before.serialNumber);
});

test("removes a domain from the edge, from Fastly and from the registry", async () => {
  const domain = "leaving.example.test";
  await platform.settle(domain, ["active"]);
  await platform.api.call("DELETE", `/v1/domains/${domain}`);

  await eventually(`${domain} to be gone`, 30, async () =>
    (await platform.show(domain)) ? undefined : true,
  );
  await expect(probeEdge(edgeOf(platform.cloud.status()), domain)).rejects.toThrow();
  await expect(countActivations(platform.cloud.status(), domain)).resolves.toBe(0);
});

test("passes challenges on untouched, and redirects all else on port 80 with path and query", async () => {
  await platform.settle("plain.example.test", ["active"]);
  const port = platform.cloud.kernel.ports.edgeHttp;
  const headers = { host: "plain.example.test" };
  const get = (path: string) => exchange({ port, path, headers, deadlineMs: 5_000 });

  await expect(get("/a/b?c=%20d")).resolves.toMatchObject({
    status: 301,
    headers: { location: "https://plain.example.test/a/b?c=%20d" },
  });
  await expect(get(`/.well-known/acme-challenge/${"x".repeat(43)}`)).resolves.toMatchObject({ status: 404 });
});

test("raises the program's alert over a fault of its own, not a customer's, and clears it after an hour without", async () => {
  const { kernel, pubsub, run, alerting } = platform.cloud;
  const name = "certs-domain-validator: a fault of the platform's own";
  const policyOf = (alerts: Alerting) => alerts.policies().find(({ displayName }) => displayName === name);
  // Customers' domains have failed by now, for reasons of their own.
  expect(policyOf(alerting)).toMatchObject({ state: "ok", severity: "ERROR", notifications: [] });
  // In its place one whose time the test moves.
  await alerting.stop();
  const clock = new ManualClock(Date.now());
  const alerts = new Alerting(kernel, { pubsub, run }, { clock });
  await alerts.start();

  const { id: topic } = platform.resource("gcp:pubsub/topic:Topic", "certs-validation");
  pubsub.publish(topic, { data: Buffer.from('{"domain":7}') });
  await eventually("the alert to fire", 30, async () => policyOf(alerts)?.state === "firing" || undefined);
  expect(policyOf(alerts)?.notifications).toMatchObject([{ event: "opened", type: "email" }]);
  expect(alerts.incidents()).toMatchObject([
    { summary: "An error that no other delivery mends: Message dropped" },
  ]);

  for (let minutes = 0; minutes < 59; minutes++) clock.advance(60_000);
  expect(policyOf(alerts)?.state).toBe("firing");
  clock.advance(60_000);
  clock.advance(60_000);
  expect(policyOf(alerts)).toMatchObject({ state: "ok", since: null });
  await alerts.stop();
  await alerting.start();
});

test("raises the program's alert over a dead letter after five minutes, and clears it once that is taken", async () => {
  const { kernel, pubsub, run, alerting } = platform.cloud;
  // In its place one whose time the test moves.
  await alerting.stop();
  const clock = new ManualClock(Date.now());
  const alerts = new Alerting(kernel, { pubsub, run }, { clock });
  await alerts.start();
  const policy = () =>
    alerts
      .policies()
      .find(({ displayName }) => displayName === "certs-cert-issuer: a message could not be processed");
  const dead = "certs-cert-issuer-dead";
  const { id: topic } = platform.resource("gcp:pubsub/topic:Topic", dead);
  const subscription = platform.resource("gcp:pubsub/subscription:Subscription", dead);
  pubsub.publish(topic, { data: Buffer.from("poison") });

  clock.advance(290_000);
  alerts.evaluate();
  expect(policy()?.state).toBe("ok");
  clock.advance(20_000);
  expect(policy()).toMatchObject({ state: "firing", severity: "ERROR" });
  expect(policy()?.notifications).toMatchObject([{ event: "opened", type: "email" }]);
  expect(alerts.incidents()[0]?.summary).toMatch(/^A dead letter is older than 300 s: 3\d\d\.?\d* > 300/);

  // Made anew, the subscription owes nothing.
  kernel.resources.remove(subscription.kind, subscription.id);
  kernel.resources.put(subscription);
  clock.advance(120_000);
  alerts.evaluate();
  clock.advance(120_000);
  expect(policy()).toMatchObject({ state: "ok", since: null });
  expect(policy()?.notifications.map(({ event }) => event)).toEqual(["closed", "opened"]);
  await alerts.stop();
  await alerting.start();
});

test("has connected to nothing but itself all this time, program, cloud, CA and workloads", async () => {
  const { beyond, polls } = outgoing.stop();
  expect(beyond).toEqual([]);
  if (process.platform === "linux") expect(polls).toBeGreaterThan(10);

  const { egress } = platform.cloud.status();
  expect(egress.filter(({ allowed }) => !allowed)).toEqual([]);
  const parts = new Set(egress.map(({ part }) => part));
  expect([...parts].sort()).toEqual(
    expect.arrayContaining(["dns", "edge", "fastly api", "google apis", "pebble", "storage"]),
  );
});

/** Orders whose finalisation was announced, by the journal. */
async function finalisedOrders(domain: string): Promise<number> {
  const journal = await platform.objects("certs-registry", "certs-issuer", `orders/${domain}/`);
  return journal.filter(({ name }) => name.endsWith("/finalizing.json")).length;
}

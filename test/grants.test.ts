import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { edgeOf } from "../local/command-line/local-target.ts";
import type { CloudResource, LogEntry } from "../local/kernel/contract.ts";
import { GRANT_KINDS } from "../local/services/iam/iam.ts";
import { probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { TestIssuingKey } from "../runtime/certificates/testing/issuing-key.ts";
import { runCommand } from "./support/command-line.ts";
import { eventually, LocalPlatform } from "./support/local-platform.ts";

/** Is active before all else, for what is only asked of domains that are. */
const STANDING = "standing.example.test";
/** What the API's 503 asks for. */
const RETRY_AFTER_MS = 5_000;
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";

/** A grant that is out of force, and what a case does about it. */
interface Scene {
  /** Of this case alone. */
  readonly domain: string;
  /** Resolves when somebody was refused for the want of the grant. */
  refusal(): Promise<LogEntry>;
  switchOn(): void;
}

type Play = (scene: Scene) => Promise<void>;

/** By the name under which the program makes the grant: what it permits, and a play that cannot do without. */
const CASES: Readonly<Record<string, readonly [permission: string, play: Play]>> = {
  "certs-validation-publisher-api": ["pubsub.topics.publish", publishTwice],
  "certs-registry-writers-api": ["storage.objects.get", askTwice],
  "certs-registry-writers-validator": ["storage.objects.get", holdUp],
  "certs-registry-writers-issuer": ["storage.objects.create", holdUp],
  "certs-challenges-readers-proxy": ["storage.objects.get", holdUp],
  "certs-challenges-writers-validator": ["storage.objects.create", holdUp],
  "certs-challenges-writers-issuer": ["storage.objects.create", holdUp],
  "certs-backup-creators-operator": ["storage.objects.create", importTwice],
  "certs-backup-importer-operator": ["cloudkms.cryptoKeyVersions.useToEncrypt", importTwice],
  "certs-backup-appenders-issuer-create": ["storage.objects.create", holdUp],
  "certs-backup-appenders-issuer-view": ["storage.objects.get", holdUp],
  "certs-backup-keeper-issuer": ["cloudkms.cryptoKeyVersions.useToEncrypt", holdUp],
  "certs-issuing-publisher-validator": ["pubsub.topics.publish", holdUp],
  "certs-issuing-publisher-api": ["pubsub.topics.publish", restoreTwice],
  "certs-fastly-reader-validator": ["secretmanager.versions.access", startAnew("certs-domain-validator")],
  "certs-fastly-reader-issuer": ["secretmanager.versions.access", startAnew("certs-cert-issuer")],
  "certs-domain-validator-invoker-pusher": ["run.routes.invoke", holdUp],
  "certs-cert-issuer-invoker-pusher": ["run.routes.invoke", holdUp],
  "certs-domain-validator-signer": ["iam.serviceAccounts.getOpenIdToken", holdUp],
  "certs-cert-issuer-signer": ["iam.serviceAccounts.getOpenIdToken", holdUp],
  "certs-domain-validator-dead-publisher": ["pubsub.topics.publish", bury("certs-domain-validator")],
  "certs-cert-issuer-dead-publisher": ["pubsub.topics.publish", bury("certs-cert-issuer")],
  "certs-domain-validator-subscriber": ["pubsub.subscriptions.consume", bury("certs-domain-validator")],
  "certs-cert-issuer-subscriber": ["pubsub.subscriptions.consume", bury("certs-cert-issuer")],
  "certs-domain-api-invoker-operator": ["run.routes.invoke", callTwice],
  "certs-token-proxy-invoker-everyone": ["run.routes.invoke", fetchChallengeTwice],
  "certs-hosting-invoker-everyone": ["run.routes.invoke", openPageTwice],
};

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  await platform.update();
  await platform.settle(STANDING, ["active"]);
}, 120_000);

afterAll(() => platform.stop());

test("has a case for each grant of the platform", () => {
  const { iam } = platform.cloud.kernel;
  expect(
    allGrants()
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...iam.grants()].sort());
  expect(allGrants().map(nameOf).sort()).toEqual(Object.keys(CASES).sort());
});

test.each(Object.entries(CASES))(
  "cannot do without %s, and loses nothing over it",
  async (name, [permission, play]) => {
    const { iam } = platform.cloud.kernel;
    const { id } = grant(name);
    const resource =
      id
        .replace(/\/roles\/.*$/, "")
        .split("/")
        .at(-1) ?? "";
    await quiet();
    const since = platform.entries.length;
    iam.switchOff(id);
    try {
      await play({
        domain: `${name.replace(/^certs-/, "")}.example.test`,
        refusal: () =>
          eventually(`${permission} to be refused on ${resource}`, 20, () =>
            platform.entries.slice(since).find((entry) => {
              const text = JSON.stringify(entry);
              return text.includes(permission) && text.includes(resource);
            }),
          ),
        switchOn: () => iam.switchOn(id),
      });
    } finally {
      iam.switchOn(id);
    }
  },
  60_000,
);

/** A domain is active a moment before its message is done: what the case before left must not meet the refusal. */
async function quiet(): Promise<void> {
  const stages = ["certs-domain-validator", "certs-cert-issuer"].map(
    (stage) => platform.resource(SUBSCRIPTION, stage).id,
  );
  await eventually("all messages to be done", 30, () =>
    stages.every((stage) => platform.cloud.pubsub.backlog(stage) === 0) ? true : undefined,
  );
}

/** The domain waits for the grant in Pub/Sub, and is active once the grant is there. */
async function holdUp({ domain, refusal, switchOn }: Scene): Promise<void> {
  await platform.register(domain);
  await refusal();
  expect((await platform.show(domain))?.state).not.toMatch(/active|failed/);
  switchOn();
  await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
    state: "active",
    orderNumber: 1,
  });
}

/** As `holdUp`, where the grant is needed by an instance that starts. */
function startAnew(service: string): Play {
  return async (scene) => {
    expect(platform.killInstances(service)).toBeGreaterThan(0);
    await holdUp(scene);
  };
}

async function askTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  await expect(platform.api.send("POST", "/v1/domains", { domain })).resolves.toMatchObject({ status: 503 });
  await refusal();
  switchOn();
  await expect(platform.settle(domain)).resolves.toMatchObject({ state: "active", orderNumber: 1 });
}

/** The domain is registered by then, and its message is sent to whoever tries again when told to. */
async function publishTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  const register = () => platform.api.send("POST", "/v1/domains", { domain });
  await expect(register()).resolves.toMatchObject({ status: 503 });
  await refusal();
  switchOn();
  await delay(RETRY_AFTER_MS);
  await expect(register()).resolves.toMatchObject({ status: 202 });
  await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
    state: "active",
    orderNumber: 1,
  });
}

async function restoreTwice({ refusal, switchOn }: Scene): Promise<void> {
  const restore = () => platform.api.send("POST", `/v1/domains/${STANDING}/certificate:restore`);
  await expect(restore()).resolves.toMatchObject({ status: 503 });
  await refusal();
  switchOn();
  const since = platform.entries.length;
  await expect(restore()).resolves.toMatchObject({ status: 202 });
  await eventually(`${STANDING} to be restored`, 20, () =>
    platform.entries.slice(since).find(({ message }) => message === "Certificate restored"),
  );
}

/** What could not be sealed, or kept, the same command seals and keeps when it can. */
async function importTwice({ domain, switchOn }: Scene): Promise<void> {
  const { cert, key } = await (await TestIssuingKey.create()).server([{ dns: domain }]);
  const [chain, keyText] = [cert, key].map((text) => Buffer.from(text).toString("base64"));
  const dump = join(platform.stateDir, `${domain}.json`);
  const secret = {
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name: "shop", namespace: "shops", annotations: { "cert-manager.io/issuer-name": "ca" } },
    data: { "tls.crt": chain, "tls.key": keyText },
  };
  await writeFile(dump, JSON.stringify({ kind: "List", items: [secret] }));
  const place = ["--customer", "shop@customers.example", "--json", "--state-dir", platform.stateDir];
  const run = () => runCommand(["certificates", "import", dump, ...place]);
  const { code, out, err } = await run();
  expect(code).toBe(1);
  expect(`${out}${err}`).not.toContain(keyText);
  // No workload is refused, and so none logs it: the operator is, who is told.
  const why = expect.stringMatching(/storage\.objects\.create|cloudkms\.cryptoKeyVersions\.useToEncrypt/);
  expect(JSON.parse(out)).toMatchObject({ failed: [{ domain, why }] });
  switchOn();
  expect(JSON.parse((await run()).out)).toMatchObject({ adopted: 1, failed: [] });
  await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
    state: "active",
    orderNumber: 1,
  });
}

/** A message that nobody takes goes to the dead letters, if Pub/Sub's own account may bring it there. */
function bury(stage: string): Play {
  return async ({ domain, refusal, switchOn }) => {
    const { kernel, pubsub } = platform.cloud;
    const pusher = grant(`${stage}-invoker-pusher`).id;
    const subscription = platform.resource(SUBSCRIPTION, stage);
    const deadLetters = platform.resource(SUBSCRIPTION, `${stage}-dead`).id;
    const before = pubsub.backlog(deadLetters);
    const { deadLetterPolicy } = subscription.properties as { deadLetterPolicy: object };
    kernel.resources.put({
      ...subscription,
      properties: {
        ...subscription.properties,
        // As much hurry as Pub/Sub allows, so that the last attempt comes within a second or two.
        retryPolicy: { minimumBackoff: "0.1s", maximumBackoff: "0.2s" },
        deadLetterPolicy: { ...deadLetterPolicy, maxDeliveryAttempts: 5 },
      },
    });
    kernel.iam.switchOff(pusher);
    try {
      await platform.register(domain);
      await refusal();
      expect(pubsub.backlog(deadLetters)).toBe(before);
      expect(pubsub.backlog(subscription.id)).toBe(1);
      switchOn();
      await eventually(`the message of ${domain} to be a dead letter`, 20, () =>
        pubsub.backlog(deadLetters) === before + 1 ? true : undefined,
      );
      expect(pubsub.backlog(subscription.id)).toBe(0);
    } finally {
      kernel.iam.switchOn(pusher);
      kernel.resources.put(subscription);
    }
  };
}

async function callTwice({ refusal, switchOn }: Scene): Promise<void> {
  const show = () => platform.api.send("GET", `/v1/domains/${STANDING}`);
  await expect(show()).resolves.toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining("run.routes.invoke") },
  });
  await refusal();
  switchOn();
  await expect(show()).resolves.toMatchObject({ status: 200, body: { state: "active" } });
}

async function fetchChallengeTwice({ refusal, switchOn }: Scene): Promise<void> {
  const fetchChallenge = () =>
    exchange({
      port: platform.cloud.kernel.ports.edgeHttp,
      path: `/.well-known/acme-challenge/${"t".repeat(43)}`,
      headers: { host: STANDING },
      deadlineMs: 5_000,
    });
  await expect(fetchChallenge()).resolves.toMatchObject({ status: 403 });
  await refusal();
  switchOn();
  await expect(fetchChallenge()).resolves.toMatchObject({ status: 404 });
}

async function openPageTwice({ refusal, switchOn }: Scene): Promise<void> {
  const openPage = () => probeEdge(edgeOf(platform.cloud.status()), STANDING);
  await expect(openPage()).resolves.toMatchObject({ status: 403 });
  await refusal();
  switchOn();
  await expect(openPage()).resolves.toMatchObject({ status: 200 });
}

function allGrants(): readonly CloudResource[] {
  return GRANT_KINDS.flatMap((kind) => platform.cloud.kernel.resources.list(kind));
}

function grant(name: string): CloudResource {
  const found = allGrants().find((one) => nameOf(one) === name);
  if (!found) throw new Error(`The platform has no grant "${name}".`);
  return found;
}

/** The logical name, which ends a URN. */
function nameOf({ urn }: CloudResource): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { endWindow } from "../local/command-line/demo/renewal.ts";
import { edgeOf } from "../local/command-line/local-target.ts";
import type { CloudResource, LogEntry } from "../local/kernel/contract.ts";
import { Dns } from "../local/services/acme/dns.ts";
import { GRANT_KINDS } from "../local/services/iam/iam.ts";
import { ApiClient } from "../operator/api-client.ts";
import { leafAtEdge, probeEdge } from "../operator/edge-probe.ts";
import { exchange } from "../operator/exchange.ts";
import { TAKEN_AWAY } from "../review/grants/evidence.ts";
import { TestIssuingKey } from "../runtime/certificates/testing/issuing-key.ts";
import { runCommand } from "./support/command-line.ts";
import { eventually, LocalPlatform } from "./support/local-platform.ts";

/** Is active before all else, for what is only asked of domains that are. */
const STANDING = "standing.example.test";
/** What the API's 503 asks for. */
const RETRY_AFTER_MS = 5_000;
const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVICE = "gcp:cloudrunv2/service:Service";
const JOB = "gcp:cloudscheduler/job:Job";
const VALIDATOR = "certs-domain-validator";
const ISSUER = "certs-cert-issuer";
const CHECKER = "certs-cert-checker";
const WATCHER = "certs-domain-watcher";
const NOTIFIER = "certs-alert-notifier";
/** Of the addresses for documents: nobody's edge. */
const ELSEWHERE = "192.0.2.7";

/** A grant that is out of force, and what a case does about it. */
interface Scene {
  readonly permission: string;
  /** Of this case alone. */
  readonly domain: string;
  /** Resolves when somebody was refused for the want of the grant. */
  refusal(): Promise<LogEntry>;
  switchOn(): void;
}

type Play = (scene: Scene) => Promise<void>;

/** By the name under which the program makes the grant: a play that cannot do without. */
const PLAYS: Readonly<Record<keyof typeof TAKEN_AWAY, Play>> = {
  "certs-validation-publisher-api": publishTwice,
  "certs-registry-writers-api": askTwice,
  "certs-registry-writers-validator": holdUp,
  "certs-registry-writers-issuer": holdUp,
  "certs-challenges-readers-proxy": holdUp,
  "certs-challenges-writers-validator": holdUp,
  "certs-challenges-writers-issuer": holdUp,
  "certs-backup-creators-operator": importTwice,
  "certs-backup-importer-operator": importTwice,
  "certs-backup-appenders-issuer-create": holdUp,
  "certs-backup-appenders-issuer-view": holdUp,
  "certs-backup-keeper-issuer": holdUp,
  "certs-issuing-publisher-validator": holdUp,
  "certs-issuing-publisher-api": restoreTwice,
  "certs-fastly-reader-validator": startAnew(VALIDATOR),
  "certs-fastly-reader-issuer": startAnew(ISSUER),
  "certs-domain-validator-invoker-pusher": holdUp,
  "certs-cert-issuer-invoker-pusher": holdUp,
  "certs-domain-validator-signer": holdUp,
  "certs-cert-issuer-signer": holdUp,
  "certs-domain-validator-dead-publisher": bury(VALIDATOR),
  "certs-cert-issuer-dead-publisher": bury(ISSUER),
  "certs-domain-validator-subscriber": bury(VALIDATOR),
  "certs-cert-issuer-subscriber": bury(ISSUER),
  "certs-cert-checker-dead-publisher": bury(CHECKER),
  "certs-cert-checker-subscriber": bury(CHECKER),
  "certs-cert-checker-invoker-pusher": holdUpCheck,
  "certs-cert-checker-signer": holdUpCheck,
  "certs-registry-writers-checker": holdUpCheck,
  "certs-checking-publisher-api": checkTwice,
  "certs-checking-publisher-watcher": watchTwice,
  "certs-domain-api-invoker-watcher": watchTwice,
  "certs-domain-watcher-invoker-scheduler": watchTwice,
  "certs-issuing-publisher-checker": renewTwice,
  "certs-validation-publisher-checker": orderTwice,
  "certs-alert-notifier-invoker-scheduler": tellTwice,
  "certs-alert-notifier-slack-reader-notifier": tellTwice,
  "certs-alert-notifier-sentry-reader-notifier": tellTwice,
  "certs-registry-writers-notifier": tellTwice,
  "certs-events-publisher-issuer": holdUpNews,
  "certs-events-publisher-api": takeOverTwice,
  "certs-domain-validator-dead-reader-operator": redriveTwice(VALIDATOR),
  "certs-cert-issuer-dead-reader-operator": redriveTwice(ISSUER),
  "certs-cert-checker-dead-reader-operator": redriveTwice(CHECKER),
  "certs-validation-publisher-operator": redriveTwice(VALIDATOR),
  "certs-issuing-publisher-operator": redriveTwice(ISSUER),
  "certs-checking-publisher-operator": redriveTwice(CHECKER),
  "certs-domain-api-invoker-operator": callTwice,
  "certs-deploys-log-writer": annotateTwice,
  "certs-token-proxy-invoker-everyone": fetchChallengeTwice,
  "certs-hosting-invoker-everyone": openPageTwice,
};

let platform: LocalPlatform;

beforeAll(async () => {
  platform = await LocalPlatform.start();
  // A round of the watcher asks for every domain.
  await platform.update({ config: { "platform:checkIntervalMinutes": "1" } });
  const { resources } = platform.cloud.kernel;
  // The plays start rounds themselves: one that comes in between would do, or disturb, what is looked at.
  for (const job of resources.list(JOB)) {
    resources.put({ ...job, properties: { ...job.properties, paused: true } });
  }
  await platform.settle(STANDING, ["active"]);
});

afterAll(() => platform.stop());

test("has a case for each grant of the platform", () => {
  const { iam } = platform.cloud.kernel;
  expect(
    allGrants()
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...iam.grants()].sort());
  expect(allGrants().map(nameOf).sort()).toEqual(Object.keys(PLAYS).sort());
});

test.each(Object.entries(TAKEN_AWAY))(
  "cannot do without %s, and loses nothing over it",
  async (name, permission) => {
    const play = PLAYS[name as keyof typeof PLAYS];
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
        permission,
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
  240_000,
);

/** A domain is active a moment before its message is done: what the case before left must not meet the refusal. */
async function quiet(): Promise<void> {
  await eventually("all messages to be done", 60, () =>
    [VALIDATOR, ISSUER, CHECKER].every((stage) => backlog(stage) === 0) ? true : undefined,
  );
}

/** Messages that wait for a stage, or are at work in it. */
function backlog(stage: string): number {
  return platform.cloud.pubsub.backlog(platform.resource(SUBSCRIPTION, stage).id);
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

/** The domain is served by then, and the order's message waits until others have heard of it. */
async function holdUpNews({ domain, refusal, switchOn }: Scene): Promise<void> {
  const isTold = () =>
    platform.entries.some(
      (entry) => entry.message === "Domain event" && JSON.stringify(entry).includes(domain),
    );
  await platform.register(domain);
  await refusal();
  expect(isTold()).toBe(false);
  expect(backlog(ISSUER)).toBe(1);
  switchOn();
  await quiet();
  expect(isTold()).toBe(true);
  expect(await platform.show(domain)).toMatchObject({ state: "active", orderNumber: 1 });
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
  return ({ domain, refusal, switchOn }) =>
    unpushed(stage, async () => {
      const before = backlog(`${stage}-dead`);
      await send(stage, domain);
      await refusal();
      expect(backlog(`${stage}-dead`)).toBe(before);
      expect(backlog(stage)).toBe(1);
      switchOn();
      await toBeBuried(stage, before);
      expect(backlog(stage)).toBe(0);
    });
}

/** A dead letter is out of the operator's reach, or cannot be sent again, and stays where it is until it can. */
function redriveTwice(stage: string): Play {
  return async ({ domain, permission, switchOn }) => {
    const before = backlog(`${stage}-dead`);
    await unpushed(stage, async () => {
      await send(stage, domain);
      await toBeBuried(stage, before);
    });
    const redrive = () =>
      runCommand(["deadletters", "redrive", "--all", "--json", "--state-dir", platform.stateDir]);
    const { code, err } = await redrive();
    expect(code).not.toBe(0);
    // As with imports, it is the operator who is refused, and told.
    expect(err).toContain(permission);
    expect(backlog(`${stage}-dead`)).toBeGreaterThan(0);
    switchOn();
    const since = platform.entries.length;
    const again = await redrive();
    expect(again).toMatchObject({ code: 0 });
    expect(JSON.parse(again.out).redriven).not.toEqual([]);
    expect(backlog(`${stage}-dead`)).toBe(0);
    if (stage === CHECKER) return checked(since);
    await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
      state: "active",
      orderNumber: 1,
    });
  };
}

/** Brings a message to a stage: with a domain of its own, or, to the checker, with the standing one. */
async function send(stage: string, domain: string): Promise<void> {
  if (stage === CHECKER) await askForCheck(STANDING);
  else await platform.register(domain);
}

async function toBeBuried(stage: string, before: number): Promise<void> {
  await eventually(`a message of ${stage} to be a dead letter`, 30, () =>
    backlog(`${stage}-dead`) === before + 1 ? true : undefined,
  );
}

/** Meanwhile Pub/Sub's pushes to a stage are refused, and soon come to their end. */
async function unpushed(stage: string, work: () => Promise<void>): Promise<void> {
  const { iam, resources } = platform.cloud.kernel;
  const pusher = grant(`${stage}-invoker-pusher`).id;
  const subscription = platform.resource(SUBSCRIPTION, stage);
  const { deadLetterPolicy } = subscription.properties as { deadLetterPolicy: object };
  resources.put({
    ...subscription,
    properties: {
      ...subscription.properties,
      // As much hurry as Pub/Sub allows, so that the last attempt comes within a second or two.
      retryPolicy: { minimumBackoff: "0.1s", maximumBackoff: "0.2s" },
      deadLetterPolicy: { ...deadLetterPolicy, maxDeliveryAttempts: 5 },
    },
  });
  iam.switchOff(pusher);
  try {
    await work();
  } finally {
    iam.switchOn(pusher);
    resources.put(subscription);
  }
}

async function askForCheck(domain: string): Promise<void> {
  await platform.api.call("POST", `/v1/domains/${domain}/certificate:check`);
}

/** Until all checks are done that were asked for, of which there was one. */
async function checked(since: number): Promise<void> {
  const source = String(platform.resource(SERVICE, CHECKER).properties.name);
  await eventually("a check to be done", 60, () =>
    backlog(CHECKER) === 0 && hasSaid(source, "Message done", since) ? true : undefined,
  );
}

function hasSaid(source: string, message: string, since: number): boolean {
  return platform.entries.slice(since).some((entry) => entry.source === source && entry.message === message);
}

/** A check waits for the grant in Pub/Sub. */
async function holdUpCheck({ refusal, switchOn }: Scene): Promise<void> {
  const since = platform.entries.length;
  await askForCheck(STANDING);
  await refusal();
  expect(backlog(CHECKER)).toBe(1);
  switchOn();
  await checked(since);
}

async function checkTwice({ refusal, switchOn }: Scene): Promise<void> {
  const check = () => platform.api.send("POST", `/v1/domains/${STANDING}/certificate:check`);
  await expect(check()).resolves.toMatchObject({ status: 503 });
  await refusal();
  switchOn();
  const since = platform.entries.length;
  await expect(check()).resolves.toMatchObject({ status: 202 });
  await checked(since);
}

/** What a round could not ask for, the next one asks for. */
async function watchTwice({ refusal, switchOn }: Scene): Promise<void> {
  // Another remembers which turns it has seen to, this minute's among them.
  await endInstances(WATCHER);
  expect(await succeeds(WATCHER)).toBe(false);
  await refusal();
  switchOn();
  const since = platform.entries.length;
  expect(await succeeds(WATCHER)).toBe(true);
  await checked(since);
}

/** Runs a workload's job, as its schedule does. */
async function succeeds(workload: string): Promise<boolean | undefined> {
  const { name } = platform.resource(JOB, workload).properties;
  return (await platform.cloud.scheduler.runNow(String(name)))?.ok;
}

/** The next request of a service starts one anew. */
async function endInstances(service: string): Promise<void> {
  platform.killInstances(service);
  const { id } = platform.resource(SERVICE, service);
  await eventually(`the instances of ${service} to end`, 20, () =>
    platform.cloud.run.pids(id).length === 0 ? true : undefined,
  );
}

/** A renewal that the checker began, and could tell nobody of, is sent on. */
async function renewTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  await platform.settle(domain, ["active"]);
  await quiet();
  await endWindow(platform.api, (await leafAtEdge(edgeOf(platform.cloud.status()), domain)).toString());
  await askForCheck(domain);
  await refusal();
  switchOn();
  await eventually(`${domain} to be renewed`, 60, async () => {
    const { orderNumber, phases } = (await platform.show(domain)) ?? {};
    return orderNumber === 2 && phases?.some(({ phase }) => phase === "active") ? true : undefined;
  });
}

/** As `renewTwice`, of another order for a domain whose first one failed. */
async function orderTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  const { dueAt } = await settleFailed(domain);
  await delay(Date.parse(dueAt ?? "") - Date.now());
  await askForCheck(domain);
  await refusal();
  switchOn();
  await expect(platform.reach(domain, ["active"])).resolves.toMatchObject({ orderNumber: 2 });
}

/** Its name leads elsewhere first, and to the edge from here on. */
async function settleFailed(domain: string) {
  const dns = new Dns(platform.cloud.kernel.ports.dnsManagement);
  await dns.setA(domain, [ELSEWHERE]);
  const failed = await platform.settle(domain, ["failed"]);
  await dns.clearA(domain);
  return failed;
}

/** What nobody was told of stays to be told, to each who shall hear of it. */
async function tellTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  const dns = new Dns(platform.cloud.kernel.ports.dnsManagement);
  const told = () =>
    platform.cloud.alertReceiver
      .notices()
      .filter(({ payload }) => JSON.stringify(payload).includes(domain))
      .map(({ receiver }) => receiver)
      .sort();
  await platform.settle(domain, ["active"]);
  await quiet();
  const since = platform.entries.length;
  await dns.setA(domain, [ELSEWHERE]);
  await askForCheck(domain);
  await checked(since);
  await endInstances(NOTIFIER);
  expect(await succeeds(NOTIFIER)).toBe(false);
  await refusal();
  expect(told()).toEqual([]);
  switchOn();
  expect(await succeeds(NOTIFIER)).toBe(true);
  expect(told()).toEqual(["sentry", "slack"]);
}

/** Of a name that its first customer got nowhere with. */
async function takeOverTwice({ domain, refusal, switchOn }: Scene): Promise<void> {
  const { resources, tokens } = platform.cloud.kernel;
  const { target } = platform.api;
  const email = "rival@customers.example";
  const operators = grant("certs-domain-api-invoker-operator");
  const rivals = {
    ...operators,
    id: operators.id.replace(/[^/]+$/, `serviceAccount:${email}`),
    properties: { ...operators.properties, member: `serviceAccount:${email}` },
  };
  const rival = new ApiClient({ ...target, idToken: () => tokens.idToken(email, target.apiUrl.origin) });
  const register = () => rival.send("POST", "/v1/domains", { domain });
  const isHis = async () => (await rival.send("GET", `/v1/domains/${domain}`)).status === 200;
  resources.put(rivals);
  try {
    await settleFailed(domain);
    await expect(register()).resolves.toMatchObject({ status: 503 });
    await refusal();
    expect(await isHis()).toBe(false);
    switchOn();
    await expect(register()).resolves.toMatchObject({ status: 202 });
    expect(await isHis()).toBe(true);
    await expect(platform.reach(domain, ["active", "failed"])).resolves.toMatchObject({
      state: "active",
      orderNumber: 2,
    });
  } finally {
    resources.remove(rivals.kind, rivals.id);
  }
}

/** Who deployed is told why nothing is written, and what the dashboard shows is written the second time. */
async function annotateTwice({ permission, switchOn }: Scene): Promise<void> {
  const what = ["--commit", "0123456789abcdef", "--actor", "somebody"];
  const annotate = () => runCommand(["annotate", ...what, "--json", "--state-dir", platform.stateDir]);
  expect(await annotate()).toMatchObject({ code: 1, err: expect.stringContaining(permission) });
  switchOn();
  expect(await annotate()).toMatchObject({ code: 0 });
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

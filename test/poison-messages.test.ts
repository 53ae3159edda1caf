import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  AGENT,
  eventually,
  PROJECT,
  PUBLISHER,
  PUSHER,
  startWorld,
  type World,
} from "../local/services/pubsub/testing/world.ts";
import { dropDeadLetter, listDeadLetters, redriveDeadLetters } from "../operator/dead-letters/commands.ts";
import type { Target } from "../operator/target.ts";
import { issuingSchema } from "../runtime/certificates/messages.ts";
import { createLogger } from "../runtime/workload/logger.ts";
import { pushRoute } from "../runtime/workload/push.ts";
import { createHandler } from "../runtime/workloads/certificate-issuer/handler.ts";
import { TestWorld } from "../runtime/workloads/certificate-issuer/testing/world.ts";

const OPERATOR = `operator@${PROJECT}.iam.gserviceaccount.com`;
const NEIGHBOUR = "neighbour.example.test";
const WORKER = `projects/${PROJECT}/subscriptions/worker`;
const DEAD = `projects/${PROJECT}/subscriptions/dead`;

/** The real issuer behind the real Pub/Sub of this machine, whose clock the test moves. */
let platform: TestWorld;
let pubsub: World;
let topic: string;
let target: Target;
const lines: string[] = [];
let printed = "";

beforeAll(async () => {
  platform = await TestWorld.create();
  pubsub = await startWorld();
  topic = pubsub.topic("issuing");
  const deadTopic = pubsub.topic("dead");
  pubsub.subscription("dead", { topic: deadTopic });
  pubsub.subscription("worker", {
    topic,
    pushConfig: {
      pushEndpoint: "https://worker-abc.a.run.app/",
      oidcToken: { serviceAccountEmail: PUSHER, audience: "https://worker-abc.a.run.app" },
    },
    retryPolicy: { minimumBackoff: "1s", maximumBackoff: "600s" },
    deadLetterPolicy: { deadLetterTopic: deadTopic, maxDeliveryAttempts: 10 },
  });
  pubsub.grant("roles/pubsub.publisher", AGENT, deadTopic);
  pubsub.grant("roles/pubsub.subscriber", AGENT, WORKER);
  pubsub.grant("roles/pubsub.publisher", PUBLISHER, topic);
  pubsub.grant("roles/pubsub.publisher", OPERATOR, topic);
  pubsub.grant("roles/pubsub.subscriber", OPERATOR, DEAD);
  const route = pushRoute({
    schema: issuingSchema,
    serviceAccount: PUSHER,
    logger: createLogger(
      { K_SERVICE: "certificate-issuer", K_REVISION: "certificate-issuer-1" },
      { write: (line) => lines.push(line) },
    ),
    handle: createHandler(platform.ports()),
  });
  pubsub.answer = async ({ authorization = "", body }) => {
    const headers = { authorization, "content-type": "application/json" };
    return (await route.request("/", { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  const { http } = await pubsub.kernel.identities.endpoints(OPERATOR);
  target = {
    apiUrl: new URL("https://api.example.test"),
    idToken: async () => "none",
    // Nobody answers there: dead letters are of use above all when things are broken.
    api: { address: "127.0.0.1", port: 1 },
    edge: { address: "127.0.0.1", port: 1 },
    plain: { api: { address: "127.0.0.1", port: 1 }, edge: { address: "127.0.0.1", port: 1 } },
    resources: async () => [],
    logging: async () => {
      throw new Error("No log is written here.");
    },
    pubsub: async () => ({ origin: `http://127.0.0.1:${http}` }),
    stages: { issuing: { topic, deadLetters: DEAD } },
    vault: async () => {
      throw new Error("No backup is asked for here.");
    },
  };
});

afterAll(async () => {
  await pubsub.stop();
  await platform.end();
});

const issueOf = (domain: string, change: object = {}) =>
  JSON.stringify({ action: "issue", domain, orderNumber: 1, ...change });

/** What breaks the object of a domain that the issuer stumbles over. */
async function breakObject(name: string): Promise<void> {
  const found = await platform.registryObjects.read(name);
  if (found)
    await platform.registryObjects.replace(name, "{", found.generation, {
      metadata: { at: "?", detail: "{" },
    });
  else await platform.registryObjects.create(name, "{");
}

/** A message that can never be worked on is dropped, with a reason that the log has. */
const HOPELESS: Readonly<Record<string, readonly [data: string, reason: RegExp]>> = {
  "no JSON": ["%", /breaks its schema/],
  nothing: ["", /breaks its schema/],
  "a list": ["[]", /breaks its schema/],
  "no domain": [JSON.stringify({ action: "issue", orderNumber: 1 }), /domain/],
  "an unknown action": [issueOf("a.example.test", { action: "explode" }), /action/],
  "an unknown field": [issueOf("a.example.test", { priority: "high" }), /priority/],
  "an order that is no number": [issueOf("a.example.test", { orderNumber: "one" }), /orderNumber/],
  "a message that is far too long": [issueOf("a".repeat(70_000)), /larger than 65536 bytes/],
  "a domain that nobody registered": [issueOf("nobody.example.test"), /not registered/],
  "an order that is over": [issueOf("late.example.test"), /is not the current one/],
};

/** A message that something of ours keeps from being worked on is kept until that is mended. */
const BROKEN: Readonly<Record<string, (domain: string) => string>> = {
  "a record that cannot be read": (domain) => `domains/${domain}.json`,
  "a journal that cannot be read": (domain) => `orders/${domain}/1/validated.json`,
  "a lease that cannot be read": (domain) => `leases/${domain}.json`,
};
const brokenDomain = (index: number) => `broken-${index}.example.test`;

async function publish(messages: readonly string[]): Promise<void> {
  const client = await pubsub.client(PUBLISHER);
  for (const data of messages) {
    await client.topic(topic).publishMessage({ data: Buffer.from(data), attributes: { customer: "alice" } });
  }
}

/** Lets all backoffs pass. */
async function drain(): Promise<void> {
  await eventually(() => {
    if (pubsub.pubsub.backlog(WORKER) > 0 && pubsub.leases(WORKER) === 0) {
      pubsub.clock.advance(Math.max(0, ...pubsub.delays(WORKER)));
    }
    return pubsub.pubsub.backlog(WORKER) === 0;
  }, "every message is done or dead");
}

async function run<Result>(command: () => Promise<Result>): Promise<unknown> {
  printed = "";
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text: string | Uint8Array) => {
    printed += text;
    return true;
  };
  try {
    await command();
  } finally {
    process.stdout.write = write;
  }
  return JSON.parse(printed);
}

test("messages of ten kinds that can never be worked on are dropped at once, each with its reason", async () => {
  await platform.register("late.example.test", { orderNumber: 2 });
  await platform.register(NEIGHBOUR);
  const kinds = Object.values(HOPELESS);
  await publish([...kinds.map(([data]) => data), issueOf(NEIGHBOUR)]);
  await drain();

  expect(pubsub.pushes).toHaveLength(kinds.length + 1);
  const dropped = lines.filter((line) => line.includes('"outcome":"dropped"'));
  expect(dropped).toHaveLength(kinds.length);
  for (const [, reason] of kinds) expect(dropped.some((line) => reason.test(line))).toBe(true);
  expect(pubsub.pubsub.backlog(DEAD)).toBe(0);
  expect(await platform.record(NEIGHBOUR)).toMatchObject({ lifecycle: "active" });
});

test("messages that something broken keeps from being worked on are kept, and come back when it is mended", async () => {
  const neighbour = `second-${NEIGHBOUR}`;
  await platform.register(neighbour);
  const domains = Object.keys(BROKEN).map((_, index) => brokenDomain(index));
  const sound = new Map<string, Awaited<ReturnType<typeof platform.registryObjects.read>>>();
  const metadata = new Map<string, Readonly<Record<string, string>>>();
  for (const [index, nameOf] of Object.values(BROKEN).entries()) {
    const domain = brokenDomain(index);
    await platform.register(domain);
    const name = nameOf(domain);
    sound.set(name, await platform.registryObjects.read(name));
    const [listed] = (await platform.registryObjects.list({ prefix: name, pageSize: 1 })).objects;
    metadata.set(name, listed?.metadata ?? {});
    await breakObject(name);
  }
  await publish([...domains.map((domain) => issueOf(domain)), issueOf(neighbour)]);
  await drain();

  expect(await platform.record(neighbour)).toMatchObject({ lifecycle: "active" });
  const listed = await run(() => listDeadLetters(target, { json: true }));
  expect(listed).toEqual({
    deadLetters: expect.arrayContaining(
      domains.map((domain) =>
        expect.objectContaining({
          id: expect.stringMatching(/^issuing\//),
          stage: "issuing",
          domain,
          attempts: 10,
          now: "unknown: the API does not answer",
        }),
      ),
    ),
  });
  // Looking takes nothing away.
  expect(pubsub.pubsub.backlog(DEAD)).toBe(domains.length);

  // Redriven too early, it is a dead letter again.
  const [first] = (listed as { deadLetters: readonly { id: string }[] }).deadLetters;
  await run(() => redriveDeadLetters(target, first?.id, { json: true }));
  await drain();
  expect(pubsub.pubsub.backlog(DEAD)).toBe(domains.length);

  for (const [name, object] of sound) {
    const broken = await platform.registryObjects.read(name);
    if (object && broken) {
      await platform.registryObjects.replace(name, object.bytes, broken.generation, {
        metadata: metadata.get(name) ?? {},
      });
    } else await platform.registryObjects.remove(name);
  }
  const { redriven } = (await run(() =>
    redriveDeadLetters(target, undefined, { all: true, json: true }),
  )) as {
    redriven: readonly string[];
  };
  expect(redriven).toHaveLength(domains.length);
  await drain();
  for (const domain of domains) expect(await platform.record(domain)).toMatchObject({ lifecycle: "active" });
  expect(pubsub.pubsub.backlog(DEAD)).toBe(0);
});

test("one that is of no use is dropped, after saying what it was", async () => {
  const domain = "gone.example.test";
  await platform.register(domain);
  await breakObject(`domains/${domain}.json`);
  await publish([issueOf(domain)]);
  await drain();
  const { deadLetters } = (await run(() => listDeadLetters(target, { json: true }))) as {
    deadLetters: readonly { id: string }[];
  };
  const id = deadLetters[0]?.id ?? "";
  expect(await run(() => dropDeadLetter(target, id, { json: true }))).toEqual({
    dropped: id,
    text: issueOf(domain),
    attributes: { customer: "alice" },
  });
  expect(pubsub.pubsub.backlog(DEAD)).toBe(0);
  await expect(dropDeadLetter(target, id, {})).rejects.toThrow(`There is no dead letter ${id}`);
});

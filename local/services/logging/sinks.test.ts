import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { eventually, PROJECT, startWorld, type World } from "../pubsub/testing/world.ts";
import { LogSinks, SINK_KIND, writerIdentity } from "./sinks.ts";

const SINK = `projects/${PROJECT}/sinks/errors`;
const WRITER = writerIdentity(PROJECT, true);
const TRACE = "0af7651916cd43dd8448eb211c80319c";

let world: World;
let sinks: LogSinks;
let topic: string;
let subscription: string;

beforeEach(async () => {
  world = await startWorld();
  sinks = new LogSinks(world.kernel, world.pubsub, { mostAMinute: 100 });
  await sinks.start();
  topic = world.topic("slack");
  subscription = world.subscription("slack", {
    topic,
    pushConfig: { pushEndpoint: "https://w-abc.a.run.app/" },
  });
});

afterEach(async () => {
  await sinks.stop();
  await world.stop();
});

function sink(properties: object): void {
  world.kernel.resources.put({
    kind: SINK_KIND,
    id: SINK,
    urn: "urn:sink",
    properties: {
      project: PROJECT,
      destination: `pubsub.googleapis.com/${topic}`,
      uniqueWriterIdentity: true,
      ...properties,
    },
  });
}

const say = (severity: "INFO" | "ERROR", message: string, fields: object = {}) =>
  world.kernel.logging.write({ severity, message, source: "issuer", ...fields });

const troubles = () => world.logs.filter(({ source }) => source === "logging");

test("sends what its filter takes and no exclusion does, as Cloud Logging exports it", async () => {
  world.grant("roles/pubsub.publisher", WRITER, topic);
  sink({
    filter: "severity>=ERROR",
    exclusions: [{ name: "known", filter: 'jsonPayload.domain="known.test"' }],
  });
  say("INFO", "fine");
  say("ERROR", "known", { domain: "known.test" });
  say("ERROR", "broken", { domain: "a.test", trace: TRACE, spanId: "b7ad6b7169203331" });
  await eventually(() => world.pushes.length > 0, "the entry is pushed");

  expect(world.pushes.map(({ text }) => JSON.parse(text))).toEqual([
    {
      insertId: expect.any(String),
      logName: expect.stringMatching(/^projects\/[^/]+\/logs\/issuer$/),
      resource: { type: "global", labels: { project_id: expect.any(String) } },
      timestamp: expect.any(String),
      receiveTimestamp: expect.any(String),
      severity: "ERROR",
      jsonPayload: { message: "broken", domain: "a.test" },
      trace: expect.stringMatching(new RegExp(`/traces/${TRACE}$`)),
      spanId: "b7ad6b7169203331",
    },
  ]);
  expect(world.pushes[0]?.body.message.attributes).toHaveProperty(["logging.googleapis.com/timestamp"]);
  expect(troubles()).toEqual([]);
});

test("delivers nothing without a grant for its writer, and says so once", async () => {
  sink({ filter: "severity>=ERROR" });
  say("ERROR", "one");
  say("ERROR", "two");
  await eventually(() => troubles().length > 0, "the refusal is told");
  expect(troubles()).toEqual([
    expect.objectContaining({
      severity: "ERROR",
      logName: "logging.googleapis.com/sink_error",
      message: expect.stringContaining(`${WRITER} does not have pubsub.topics.publish access to ${topic}`),
    }),
  ]);
  expect(world.pubsub.backlog(subscription)).toBe(0);
  expect(world.pushes).toEqual([]);
});

test("does not fail who logs what its filter can't be applied to, and says so", () => {
  sink({ filter: 'jsonPayload.round:"x"' });
  const round: Record<string, unknown> = {};
  round.self = round;
  expect(() => say("INFO", "one", { round })).not.toThrow();
  expect(troubles()[0]?.message).toContain("its filter can't be applied to an entry: RangeError");
});

test("says that its topic is gone", async () => {
  world.grant("roles/pubsub.publisher", WRITER, `projects/${PROJECT}/topics/other`);
  sink({ destination: `pubsub.googleapis.com/projects/${PROJECT}/topics/other` });
  say("INFO", "one");
  await eventually(() => troubles().length > 0, "it is told");
  expect(troubles()[0]?.message).toContain("topics/other");
});

test("a subscriber that logs each of its messages does not go on for ever", async () => {
  world.grant("roles/pubsub.publisher", WRITER, topic);
  sink({ filter: "" });
  let told = 0;
  world.answer = () => {
    // Each message causes two more: without a bound they would never end.
    if (told++ < 10_000) for (const half of [1, 2]) say("INFO", `message ${told}, ${half}`);
    return 204;
  };
  say("INFO", "the first");
  await eventually(() => troubles().length > 0, "it stops");
  expect(troubles()[0]?.message).toContain("more than 100 entries came in a minute");
  expect(troubles()).toHaveLength(1);
});

test("a sink that is switched off sends nothing", async () => {
  world.grant("roles/pubsub.publisher", WRITER, topic);
  sink({ disabled: true });
  say("INFO", "one");
  sink({ filter: 'textPayload="two"' });
  say("INFO", "two");
  await eventually(() => world.pushes.length > 0, "the second is pushed");
  expect(world.pushes.map(({ text }) => JSON.parse(text).textPayload)).toEqual(["two"]);
});

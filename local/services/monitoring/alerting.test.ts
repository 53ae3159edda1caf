import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { LogEntry } from "../../kernel/contract.ts";
import { inTransaction } from "../../kernel/transaction.ts";
import { PROJECT, SUBSCRIBER, startWorld, type World } from "../pubsub/testing/world.ts";
import { CHANNEL_KIND, POLICY_KIND } from "./alert-policy.ts";
import { Alerting } from "./alerting.ts";
import { LOG_METRIC_KIND } from "./log-metrics.ts";

const CHANNEL = `projects/${PROJECT}/notificationChannels/1`;
const SERVICE = "gcp:cloudrunv2/service:Service";
const OLDEST =
  'resource.type="pubsub_subscription" AND resource.labels.subscription_id="dead" AND metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"';
const REQUESTS = 'resource.type="cloud_run_revision" AND metric.type="run.googleapis.com/request_count"';

let world: World;
let alerting: Alerting;
let instances: number;

beforeEach(async () => {
  world = await startWorld();
  instances = 1;
  alerting = open();
  await alerting.start();
  put(SERVICE, `projects/${PROJECT}/locations/europe-west1/services/api`, {});
  put(CHANNEL_KIND, CHANNEL, { type: "email", labels: { email_address: "ops@acme.test" } });
});

afterEach(async () => {
  await alerting.stop();
  await world.stop();
});

function open(): Alerting {
  const run = { pids: () => Array.from({ length: instances }, () => 1) };
  return new Alerting(world.kernel, { pubsub: world.pubsub, run }, { clock: world.clock });
}

function put(kind: string, id: string, properties: Readonly<Record<string, unknown>>): void {
  world.kernel.resources.put({ kind, id, urn: `urn:${id}`, properties });
}

function policy(conditions: readonly object[], more: object = {}): string {
  const name = `projects/${PROJECT}/alertPolicies/7`;
  put(POLICY_KIND, name, {
    displayName: "Too bad",
    combiner: "OR",
    severity: "ERROR",
    conditions,
    notificationChannels: [CHANNEL],
    ...more,
  });
  return name;
}

const threshold = (filter: string, more: object) => ({
  displayName: "beyond",
  conditionThreshold: { filter, comparison: "COMPARISON_GT", duration: "0s", ...more },
});

const state = () => alerting.policies()[0]?.state;
const events = () =>
  alerting
    .policies()[0]
    ?.notifications.map(({ event, recipient }) => `${event} ${recipient}`)
    .reverse();

/** Lets time pass as a running cloud sees it: evaluated every ten seconds. */
function pass(seconds: number): void {
  for (let at = 0; at < seconds; at += 10) world.clock.advance(Math.min(10, seconds - at) * 1000);
}

function request(status: number): void {
  const httpRequest = { requestMethod: "GET", requestUrl: "https://api/", status, latency: "0.25s" };
  world.kernel.logging.write({ severity: "INFO", message: "GET", source: "api", httpRequest });
}

describe("the oldest dead letter", () => {
  test("fires once it is older than the program allows, is told of, and clears when it is taken care of", async () => {
    const topic = world.topic("letters");
    const subscription = world.subscription("dead", { topic });
    policy([
      threshold(OLDEST, {
        thresholdValue: 300,
        aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_MAX" }],
      }),
    ]);
    world.pubsub.publish(topic, { data: Buffer.from("poison") });
    pass(300);
    expect(state()).toBe("ok");
    expect(alerting.policies()[0]?.conditions[0]?.value).toBe(300);

    pass(10);
    expect(state()).toBe("firing");
    expect(alerting.incidents()).toMatchObject([
      { policy: "Too bad", severity: "ERROR", summary: "beyond: 310 > 300 (dead)" },
    ]);
    expect(world.logs).toContainEqual(
      expect.objectContaining({
        source: "monitoring",
        severity: "ERROR",
        message: "Incident opened: Too bad: beyond: 310 > 300 (dead)",
      }),
    );
    pass(600);
    expect(events()).toEqual(["opened ops@acme.test"]);

    world.grant("roles/pubsub.subscriber", SUBSCRIBER, subscription);
    const puller = await world.puller(SUBSCRIBER);
    const [{ receivedMessages }] = await puller.pull({ subscription, maxMessages: 1 });
    const ackIds = receivedMessages?.map(({ ackId }) => String(ackId)) ?? [];
    await puller.acknowledge({ subscription, ackIds });
    // What the aligner still sees of the minute before has to pass.
    pass(70);
    expect(state()).toBe("ok");
    expect(events()).toEqual(["opened ops@acme.test", "closed ops@acme.test"]);
    expect(world.logs.at(-1)).toMatchObject({
      severity: "NOTICE",
      message: expect.stringMatching(/^Incident closed/),
    });
  });

  test("stays open over a restart of the cloud, and is not told of twice", async () => {
    const topic = world.topic("letters");
    world.subscription("dead", { topic });
    policy([threshold(OLDEST, { thresholdValue: 300 })]);
    world.pubsub.publish(topic, { data: Buffer.from("poison") });
    pass(400);
    await alerting.stop();
    alerting = open();
    await alerting.start();
    expect(state()).toBe("firing");
    pass(60);
    expect(events()).toEqual(["opened ops@acme.test"]);
  });
});

describe("a duration", () => {
  const errors = threshold(`${REQUESTS} AND metric.labels.response_code_class="5xx"`, {
    thresholdValue: 0.05,
    duration: "300s",
    aggregations: [
      { alignmentPeriod: "60s", perSeriesAligner: "ALIGN_RATE", crossSeriesReducer: "REDUCE_SUM" },
    ],
  });

  const fail = (seconds: number) => {
    for (let at = 0; at < seconds; at += 10) {
      request(503);
      request(200);
      pass(10);
    }
  };

  test("of five minutes fires after five minutes, and not for what passed before", () => {
    policy([errors]);
    fail(200);
    pass(120);
    fail(330);
    expect(state()).toBe("ok");
    fail(60);
    expect(state()).toBe("firing");
    pass(70);
    expect(state()).toBe("ok");
  });

  test("is not reached by requests that succeed", () => {
    policy([errors]);
    for (let at = 0; at < 400; at += 10) {
      request(200);
      pass(10);
    }
    expect(state()).toBe("ok");
    expect(alerting.policies()[0]?.conditions[0]?.value).toBeNull();
  });
});

test.each([
  ["ALIGN_PERCENTILE_95", 249, "firing"],
  ["ALIGN_PERCENTILE_95", 250, "ok"],
  ["ALIGN_COUNT", 2, "firing"],
  ["ALIGN_COUNT", 3, "ok"],
  ["ALIGN_SUM", 749, "firing"],
])("latencies by %s over %d: %s", (perSeriesAligner, thresholdValue, expected) => {
  policy([
    threshold('resource.type="cloud_run_revision" metric.type="run.googleapis.com/request_latencies"', {
      thresholdValue,
      aggregations: [{ alignmentPeriod: "120s", perSeriesAligner }],
    }),
  ]);
  for (let count = 0; count < 3; count++) request(200);
  pass(10);
  expect(state()).toBe(expected);
});

test("a rate counts every request of a busy service", () => {
  policy([
    threshold(REQUESTS, {
      thresholdValue: 19.9,
      aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_RATE" }],
    }),
  ]);
  for (let count = 0; count < 1_200; count++) request(200);
  pass(10);
  expect(alerting.policies()[0]?.conditions[0]?.value).toBe(20);
  expect(state()).toBe("firing");
});

test("COMPARISON_LT fires below: no instance is there", () => {
  const filter =
    'resource.type="cloud_run_revision" AND metric.type="run.googleapis.com/container/instance_count"';
  policy([threshold(filter, { comparison: "COMPARISON_LT", thresholdValue: 1 })]);
  pass(10);
  expect(state()).toBe("ok");
  instances = 0;
  pass(10);
  expect(state()).toBe("firing");
});

test("AND waits for all conditions", () => {
  const topic = world.topic("letters");
  world.subscription("dead", { topic });
  const backlog = OLDEST.replace("oldest_unacked_message_age", "num_undelivered_messages");
  policy([threshold(OLDEST, { thresholdValue: 60 }), threshold(backlog, { thresholdValue: 1 })], {
    combiner: "AND",
  });
  world.pubsub.publish(topic, { data: Buffer.from("1") });
  pass(120);
  expect(state()).toBe("ok");
  world.pubsub.publish(topic, { data: Buffer.from("2") });
  pass(10);
  expect(state()).toBe("firing");
});

describe("a condition on logs", () => {
  const onErrors = { displayName: "An error", conditionMatchedLog: { filter: "severity>=ERROR" } };
  const strategy = { alertStrategy: { notificationRateLimit: { period: "300s" }, autoClose: "1800s" } };
  const say = (severity: LogEntry["severity"]) =>
    world.kernel.logging.write({ severity, message: "It broke", source: "api" });

  test("opens one incident, notifies once a period, and closes by itself", () => {
    policy([onErrors], strategy);
    say("WARNING");
    expect(state()).toBe("ok");
    say("ERROR");
    say("ERROR");
    expect(alerting.incidents()).toMatchObject([{ summary: "An error: It broke" }]);
    pass(290);
    say("CRITICAL");
    expect(events()).toHaveLength(1);
    pass(10);
    say("ERROR");
    expect(events()).toHaveLength(2);
    pass(1790);
    expect(state()).toBe("firing");
    pass(10);
    expect(state()).toBe("ok");
  });

  test("is not met by what alerts say themselves", () => {
    policy([onErrors], strategy);
    say("ERROR");
    // Its own entry is an error too.
    expect(world.logs.filter(({ source }) => source === "monitoring")).toHaveLength(1);
  });
});

test("evaluates metrics that the program makes of logs", () => {
  put(LOG_METRIC_KIND, "drops", { name: "drops", filter: 'jsonPayload.outcome="dropped"' });
  policy([
    threshold('resource.type="cloud_run_revision" AND metric.type="logging.googleapis.com/user/drops"', {
      thresholdValue: 1,
      aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_DELTA" }],
    }),
  ]);
  const drop = () =>
    world.kernel.logging.write({ severity: "INFO", message: "Dropped", source: "api", outcome: "dropped" });
  drop();
  pass(10);
  expect(state()).toBe("ok");
  drop();
  pass(10);
  expect(state()).toBe("firing");
});

test("a policy that is switched off or deleted is over, and a channel that is switched off hears nothing", () => {
  put(CHANNEL_KIND, CHANNEL, { type: "email", enabled: false, labels: { email_address: "ops@acme.test" } });
  const conditions = [{ displayName: "Any", conditionMatchedLog: { filter: "" } }];
  const any = [{ displayName: "Any", conditionMatchedLog: { filter: "severity>=DEBUG" } }];
  const name = policy(any);
  request(200);
  expect(state()).toBe("firing");
  expect(events()).toEqual([]);
  policy(any, { enabled: false });
  expect(state()).toBe("disabled");
  expect(alerting.incidents()).toEqual([]);
  policy(conditions);
  world.kernel.resources.remove(POLICY_KIND, name);
  expect(alerting.policies()).toEqual([]);
});

test("what it can't write down does not reach whoever logs, and is told once", () => {
  policy([{ displayName: "Any", conditionMatchedLog: { filter: "severity>=INFO" } }]);
  world.kernel.db.exec("ALTER TABLE monitoring_incidents RENAME TO gone");
  request(200);
  request(200);
  const told = world.logs.filter(({ source }) => source === "monitoring");
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Alert policies could not be evaluated: .*monitoring_incidents/),
  ]);
  world.kernel.db.exec("ALTER TABLE gone RENAME TO monitoring_incidents");
  request(200);
  expect(state()).toBe("firing");
});

test("an incident is opened, told of again and closed together with its notifications, or later", () => {
  const onErrors = { displayName: "An error", conditionMatchedLog: { filter: "severity>=ERROR" } };
  policy([onErrors], {
    alertStrategy: { notificationRateLimit: { period: "300s" }, autoClose: "600s" },
  });
  const fail = () => world.kernel.logging.write({ severity: "ERROR", message: "It broke", source: "api" });
  const whileFull = (work: () => void) => {
    world.kernel.db.exec(
      "CREATE TRIGGER full BEFORE INSERT ON monitoring_notifications BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
    );
    work();
    world.kernel.db.exec("DROP TRIGGER full");
  };
  const said = () =>
    world.logs.filter(({ message }) => message.startsWith("Incident")).map(({ message }) => message);

  whileFull(fail);
  // Who logs may have a transaction open, and goes on with it.
  whileFull(() => inTransaction(world.kernel.db, fail));
  expect([state(), said()]).toEqual(["ok", []]);
  fail();
  expect([state(), events()]).toEqual(["firing", ["opened ops@acme.test"]]);

  pass(300);
  whileFull(fail);
  expect(events()).toHaveLength(1);
  fail();
  expect(events()).toEqual(["opened ops@acme.test", "opened ops@acme.test"]);

  whileFull(() => pass(600));
  expect([state(), events()?.length, said().length]).toEqual(["firing", 2, 1]);
  pass(10);
  expect([state(), events()?.at(-1)]).toEqual(["ok", "closed ops@acme.test"]);
  expect(said()).toEqual([
    "Incident opened: Too bad: An error: It broke",
    "Incident closed: Too bad: An error: It broke",
  ]);
});

test("says which policy it can't evaluate, and goes on with the others", () => {
  policy([threshold('metric.type = starts_with("run") resource.type="x"', { thresholdValue: 1 })]);
  expect(world.logs.at(-1)).toMatchObject({
    severity: "ERROR",
    message: expect.stringContaining("is not evaluated: calls starts_with()"),
  });
});

describe("log metrics of a platform's own lines", () => {
  const PROJECT_METRIC = "logging.googleapis.com/user/";
  const filterOf = (name: string) =>
    `metric.type="${PROJECT_METRIC}${name}" AND resource.type="cloud_run_revision"`;
  const OBJECTIVE = `projects/${PROJECT}/services/domains/serviceLevelObjectives/alive`;

  beforeEach(() => {
    put(LOG_METRIC_KIND, "rounds", { name: "rounds", filter: 'jsonPayload.message="Domains seen"' });
    put(LOG_METRIC_KIND, "good-rounds", {
      name: "good-rounds",
      filter: 'jsonPayload.message="Domains seen" AND jsonPayload.domains.healthyShare>=0.99',
    });
  });

  const seen = (healthyShare: number) => {
    const domains = { healthyShare };
    world.kernel.logging.write({ severity: "INFO", message: "Domains seen", source: "api", domains });
    world.clock.advance(60_000);
  };

  test("a burn rate is judged by the objective that it names", () => {
    put("gcp:monitoring/slo:Slo", OBJECTIVE, {
      goal: 0.9,
      requestBasedSli: {
        goodTotalRatio: {
          goodServiceFilter: filterOf("good-rounds"),
          totalServiceFilter: filterOf("rounds"),
        },
      },
    });
    policy([threshold(`select_slo_burn_rate("${OBJECTIVE}", "3600s")`, { thresholdValue: 2 })]);
    for (let minute = 0; minute < 10; minute++) seen(1);
    expect(state()).toBe("ok");
    // Three of thirteen are 2.3 times the tenth that may be bad.
    for (let minute = 0; minute < 3; minute++) seen(0.5);
    expect(state()).toBe("firing");
    for (let minute = 0; minute < 60; minute++) seen(0.999);
    expect(state()).toBe("ok");
  });

  test("a ratio is judged where there is something to divide by", () => {
    const aggregations = [
      { alignmentPeriod: "3600s", perSeriesAligner: "ALIGN_DELTA", crossSeriesReducer: "REDUCE_SUM" },
    ];
    policy([
      threshold(filterOf("good-rounds"), {
        denominatorFilter: filterOf("rounds"),
        denominatorAggregations: aggregations,
        aggregations,
        comparison: "COMPARISON_LT",
        thresholdValue: 0.8,
      }),
    ]);
    world.clock.advance(60_000);
    expect(alerting.policies()[0]?.conditions[0]?.value).toBeNull();
    for (let minute = 0; minute < 4; minute++) seen(1);
    seen(0);
    expect(state()).toBe("ok");
    seen(0);
    expect(state()).toBe("firing");
    expect(alerting.policies()[0]?.conditions[0]?.value).toBeCloseTo(4 / 6);
  });

  test("silence is judged of what has said something, until it speaks again", () => {
    policy([{ displayName: "silent", conditionAbsent: { filter: filterOf("rounds"), duration: "300s" } }]);
    world.clock.advance(600_000);
    expect(state()).toBe("ok");
    seen(1);
    world.clock.advance(180_000);
    expect(state()).toBe("ok");
    world.clock.advance(120_000);
    expect(state()).toBe("firing");
    expect(alerting.incidents()[0]?.summary).toMatch(/^silent: nothing for \d+ s$/);
    seen(1);
    expect(state()).toBe("ok");
  });
});

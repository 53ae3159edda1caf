import { beforeAll, describe, expect, test } from "@jest/globals";
import type { z } from "zod";
import { ServiceIdentity } from "../foundation/service-identity.ts";
import { hostedImage } from "../testing/hosted-image.ts";
import { inputsOf, type Synthesised, synth } from "../testing/synth.ts";
import { Schedule } from "./schedule.ts";
import { ScheduledWorkload } from "./scheduled-workload.ts";
import { Stage } from "./stage.ts";
import { StageTopic } from "./stage-topic.ts";
import { StageWorkload } from "./stage-workload.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember";
const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy";
const AGENT = "serviceAccount:agent";

describe("Stage", () => {
  let resources: readonly Synthesised[];
  const stage = (maxDeliveryAttempts?: number) =>
    synth(
      () =>
        new Stage("work", {
          topic: "topics/t",
          endpoint: "https://x.a.run.app",
          pusher: new ServiceIdentity("pusher", { displayName: "Pushes" }),
          pubsubAgent: AGENT,
          deadLetterReaders: { operator: "serviceAccount:operator" },
          backoffSeconds: { minimum: 1, maximum: 600 },
          alerting: { channels: ["channels/c"], runbooksUrl: "https://r.example" },
          protect: false,
          ...(maxDeliveryAttempts !== undefined && { maxDeliveryAttempts }),
        }),
    );

  beforeAll(async () => {
    resources = await stage();
  });

  test("pushes with a token for the endpoint, and again after a while where it is refused", () => {
    expect(inputsOf(resources, SUBSCRIPTION, "work")).toMatchObject({
      topic: "topics/t",
      ackDeadlineSeconds: 600,
      expirationPolicy: { ttl: "" },
      pushConfig: {
        pushEndpoint: "https://x.a.run.app",
        oidcToken: {
          serviceAccountEmail: "pusher@test.iam.gserviceaccount.com",
          audience: "https://x.a.run.app",
        },
        attributes: { "x-goog-version": "v1" },
      },
      retryPolicy: { minimumBackoff: "1s", maximumBackoff: "600s" },
    });
  });

  test("keeps what was refused ten times, and tells of it", () => {
    expect(inputsOf(resources, SUBSCRIPTION, "work")).toMatchObject({
      deadLetterPolicy: { deadLetterTopic: "work-dead-id", maxDeliveryAttempts: 10 },
    });
    expect(inputsOf(resources, SUBSCRIPTION, "work-dead")).toMatchObject({
      topic: "work-dead-id",
      expirationPolicy: { ttl: "" },
      messageRetentionDuration: "2678400s",
    });
    expect(inputsOf(resources, ALERT, "work-dead")).toMatchObject({
      notificationChannels: ["channels/c"],
      conditions: [
        {
          conditionThreshold: {
            filter: expect.stringContaining('resource.labels.subscription_id="work-dead"'),
            thresholdValue: 300,
          },
        },
      ],
    });
  });

  test("lets whoever mends the cause look at dead letters and take them away", () => {
    expect(
      inputsOf(
        resources,
        "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
        "work-dead-reader-operator",
      ),
    ).toEqual({
      subscription: "work-dead",
      role: "roles/pubsub.subscriber",
      member: "serviceAccount:operator",
    });
  });

  test("tells of a message that has waited for half an hour", () => {
    expect(inputsOf(resources, ALERT, "work-waiting")).toMatchObject({
      conditions: [
        {
          conditionThreshold: {
            filter: expect.stringContaining('resource.labels.subscription_id="work"'),
            thresholdValue: 1_800,
          },
        },
      ],
    });
  });

  test("lets Pub/Sub's own account sign, bury and take, for this stage alone", () => {
    const grants = resources.filter(({ inputs }) => inputs.member === AGENT);

    expect(grants.map(({ inputs }) => inputs)).toEqual([
      { subscription: "work", role: "roles/pubsub.subscriber", member: AGENT },
      { topic: "work-dead", role: "roles/pubsub.publisher", member: AGENT },
      {
        serviceAccountId: "projects/test/serviceAccounts/pusher@test.iam.gserviceaccount.com",
        role: "roles/iam.serviceAccountOpenIdTokenCreator",
        member: AGENT,
      },
    ]);
  });

  test.each([4, 101, 7.5])("refuses %d delivery attempts", async (maxDeliveryAttempts) => {
    await expect(stage(maxDeliveryAttempts)).rejects.toThrow(
      `Stage "work": maxDeliveryAttempts must be a whole number from 5 to 100; got ${maxDeliveryAttempts}.`,
    );
  });
});

test("StageTopic lets its publishers publish, each by a grant of its own", async () => {
  const publishers = { api: "serviceAccount:a", validator: "serviceAccount:v" };
  const resources = await synth(() => new StageTopic("issuing", { publishers }));

  for (const [publisher, member] of Object.entries(publishers)) {
    expect(inputsOf(resources, TOPIC_MEMBER, `issuing-publisher-${publisher}`)).toEqual({
      topic: "issuing",
      role: "roles/pubsub.publisher",
      member,
    });
  }
});

test("StageWorkload is reached by its subscription's pushes alone, and knows whose they are", async () => {
  const resources = await synth(
    () =>
      new StageWorkload<z.ZodObject>("work", {
        workload: hostedImage(),
        source: {
          topic: "topics/t",
          pusher: new ServiceIdentity("pusher", { displayName: "Pushes" }),
          operator: new ServiceIdentity("operator", { displayName: "Operates" }),
        },
        env: { COLOUR: "blue" },
        after: [],
      }),
  );

  expect(inputsOf(resources, "gcp:cloudrunv2/service:Service", "work")).toMatchObject({
    ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
    template: {
      containers: [
        {
          envs: [
            { name: "COLOUR", value: "blue" },
            { name: "PUSH_SERVICE_ACCOUNT", value: "pusher@test.iam.gserviceaccount.com" },
          ],
        },
      ],
    },
  });
  const invokers = resources.filter(
    ({ type }) => type === "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
  );
  expect(invokers.map(({ inputs }) => inputs.member)).toEqual([
    "serviceAccount:pusher@test.iam.gserviceaccount.com",
  ]);
  expect(inputsOf(resources, SUBSCRIPTION, "work")).toMatchObject({
    topic: "topics/t",
    pushConfig: { pushEndpoint: "https://work.a.run.app" },
  });
  expect(inputsOf(resources, ALERT, "work-faults")).toMatchObject({
    notificationChannels: ["channels/c"],
    conditions: [
      {
        conditionMatchedLog: {
          filter: expect.stringContaining(
            'resource.labels.service_name="work" AND severity>=ERROR AND jsonPayload.message:* AND NOT jsonPayload.outcome="retry"',
          ),
        },
      },
    ],
    alertStrategy: { notificationRateLimit: { period: "3600s" }, autoClose: "3600s" },
  });
});

const JOB = "gcp:cloudscheduler/job:Job";

test("ScheduledWorkload is reached by Scheduler's calls alone, each with a token for it", async () => {
  const resources = await synth(
    () =>
      new ScheduledWorkload<z.ZodObject>("watch", {
        workload: hostedImage({ timeoutSeconds: 120 }),
        cron: "* * * * *",
        caller: new ServiceIdentity("clock", { displayName: "Calls" }),
        env: { COLOUR: "blue" },
      }),
  );

  expect(inputsOf(resources, JOB, "watch")).toEqual({
    region: "europe-west1",
    schedule: "* * * * *",
    timeZone: "Etc/UTC",
    attemptDeadline: "120s",
    httpTarget: {
      uri: "https://watch.a.run.app",
      httpMethod: "POST",
      oidcToken: {
        serviceAccountEmail: "clock@test.iam.gserviceaccount.com",
        audience: "https://watch.a.run.app",
      },
    },
  });
  expect(inputsOf(resources, "gcp:cloudrunv2/service:Service", "watch")).toMatchObject({
    ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
    template: {
      containers: [
        {
          envs: [
            { name: "COLOUR", value: "blue" },
            { name: "SCHEDULER_SERVICE_ACCOUNT", value: "clock@test.iam.gserviceaccount.com" },
          ],
        },
      ],
    },
  });
  const invokers = resources.filter(
    ({ type }) => type === "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
  );
  expect(invokers.map(({ inputs }) => inputs.member)).toEqual([
    "serviceAccount:clock@test.iam.gserviceaccount.com",
  ]);
  expect(inputsOf(resources, ALERT, "watch-faults")).toBeDefined();
});

test.each([14, 1_801, 20.5])("Schedule refuses a deadline of %d seconds", async (deadlineSeconds) => {
  const schedule = () =>
    new Schedule("clock", {
      region: "europe-west1",
      cron: "* * * * *",
      endpoint: "https://x.a.run.app",
      caller: new ServiceIdentity("clock", { displayName: "Calls" }),
      deadlineSeconds,
    });
  await expect(synth(schedule)).rejects.toThrow(
    `Schedule "clock": deadlineSeconds must be a whole number from 15 to 1800; got ${deadlineSeconds}.`,
  );
});

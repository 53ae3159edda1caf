import { expect, test } from "@jest/globals";
import { previewOf, type StepOf } from "../testing/preview-of.ts";
import { reviewOf } from "./review.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
const SERVICE = "gcp:cloudrunv2/service:Service";
const INTERNAL = { ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY" };

/** Without a word of the provider on what differs, too. */
const read = (type: string, before: object, after: object, more: Partial<StepOf> = {}) =>
  reviewOf([previewOf([{ op: "update", type, name: "it", before, after, ...more }])], {
    holdingOf: () => undefined,
  }).mustRead.flatMap(({ kind, sentence, more: others }) =>
    [{ kind, sentence }, ...others].map((each) => `${each.kind}: ${each.sentence}`),
  );
const dead = (topic: string) => ({ deadLetterPolicy: { deadLetterTopic: topic, maxDeliveryAttempts: 5 } });
const variables = (value: string) => ({
  serviceConfig: {
    ingressSettings: "ALLOW_INTERNAL_ONLY",
    environmentVariables: { CERTIFICATE_BUCKET: value },
  },
});

test.each<[string, string, object, object, readonly RegExp[]]>([
  [
    "where dead letters go",
    SUBSCRIPTION,
    dead("projects/p/topics/a"),
    dead("projects/p/topics/b"),
    [/^dead-letter: .* to "projects\/p\/topics\/b" instead of "projects\/p\/topics\/a"\.$/],
  ],
  [
    "how soon a message comes back",
    SUBSCRIPTION,
    { ackDeadlineSeconds: 600 },
    { ackDeadlineSeconds: 10 },
    [/^route: .*600 → 10/],
  ],
  [
    "where messages are pushed",
    SUBSCRIPTION,
    { pushConfig: { pushEndpoint: "https://a.example.com" } },
    { pushConfig: { pushEndpoint: "https://b.example.com" } },
    [/^route: .*a\.example\.com.* → .*b\.example\.com/],
  ],
  [
    "work that stops",
    "gcp:cloudscheduler/job:Job",
    { paused: false },
    { paused: true },
    [/^protection: .*paused: false → true/],
  ],
  [
    "when work starts",
    "gcp:cloudscheduler/job:Job",
    { schedule: "* * * * *" },
    { schedule: "0 0 1 1 *" },
    [/^route: /],
  ],
  [
    "tables that a deletion takes",
    "gcp:bigquery/dataset:Dataset",
    { datasetId: "d" },
    { datasetId: "d", deleteContentsOnDestroy: true },
    [/^protection: .*deleteContentsOnDestroy/],
  ],
  [
    "where a name leads",
    "gcp:dns/recordSet:RecordSet",
    { rrdatas: ["192.0.2.1"] },
    { rrdatas: ["192.0.2.2"] },
    [/^route: /],
  ],
  ["a variable that is called like a certificate", FUNCTION, variables("a"), variables("b"), []],
  [
    "a label that is called like retention",
    SERVICE,
    { ...INTERNAL, template: { labels: { retention: "a" } } },
    { ...INTERNAL, template: { labels: { retention: "b" } } },
    [],
  ],
])(
  "%s is told by what it is, whether the provider names paths or none",
  (_, type, before, after, expected) => {
    const told = expected.map((each) => expect.stringMatching(each));
    expect(read(type, before, after)).toEqual(told);
    expect(read(type, before, after, { detailedDiff: {} })).toEqual(told);
  },
);

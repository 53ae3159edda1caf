import { describe, expect, test } from "@jest/globals";
import type { Properties } from "../../../review/rules/values.ts";
import { LOGGING_KINDS } from "../logging/kinds.ts";
import { SCHEDULER_KINDS } from "../scheduler/kinds.ts";
import { describeRefusals } from "../test-refusals.ts";
import { MONITORING_KINDS } from "./kinds.ts";

const SDK = "@pulumi/gcp";
const JOBS = "projects.locations.jobs";
const AUTH = "http-target-auth";
const SINKS = "projects.sinks";
const METRICS = "projects.metrics";

describeRefusals(
  SCHEDULER_KINDS,
  "gcp:cloudscheduler/job:Job",
  {
    name: "nightly",
    schedule: "*/5 9-17 * JAN-MAR MON-FRI",
    timeZone: "Europe/Berlin",
    attemptDeadline: "320s",
    retryConfig: { retryCount: 3, minBackoffDuration: "5s", maxBackoffDuration: "60s" },
    httpTarget: {
      uri: "https://w-abc-ew.a.run.app/",
      body: "aGVsbG8=",
      oidcToken: { serviceAccountEmail: "tick@acme.iam.gserviceaccount.com" },
    },
  },
  [
    [{ region: "mars" }, "region must be a region of Google Cloud", "about/locations"],
    [{ name: "nightly.job" }, "name must have 1 to 500 letters", JOBS],
    [{ description: "x".repeat(501) }, "description must have at most 500 characters", JOBS],
    [{ schedule: undefined }, "schedule must be set", JOBS],
    [{ schedule: "* * * *" }, "schedule must have five fields", "cron-job-schedules"],
    [{ schedule: "60 * * * *" }, "schedule must have a minute from 0 to 59", "cron-job-schedules"],
    [{ schedule: "0 0 * * 8" }, "schedule must have a day of the week from 0 to 7", "cron-job-schedules"],
    [{ timeZone: "Berlin" }, "timeZone must be a time zone of the tz database", JOBS],
    [{ timeZone: "+01:00" }, "timeZone must be a time zone of the tz database", JOBS],
    [{ attemptDeadline: "10s" }, 'attemptDeadline must be a duration from "15s" to "1800s"', JOBS],
    [{ attemptDeadline: "1801s" }, 'attemptDeadline must be a duration from "15s" to "1800s"', JOBS],
    [{ attemptDeadline: "3m" }, 'attemptDeadline must be a duration from "15s" to "1800s"', JOBS],
    [{ "retryConfig.retryCount": 6 }, "retryConfig.retryCount must be a whole number from 0 to 5", JOBS],
    [
      { "retryConfig.maxDoublings": 17 },
      "retryConfig.maxDoublings must be a whole number from 0 to 16",
      JOBS,
    ],
    [
      { "retryConfig.minBackoffDuration": "90s" },
      "retryConfig.minBackoffDuration must be at most maxBackoffDuration",
      JOBS,
    ],
    [{ "retryConfig.maxRetryDuration": "forever" }, "retryConfig.maxRetryDuration must be a duration", JOBS],
    [
      { httpTarget: undefined },
      "appEngineHttpTarget must be set, or httpTarget or pubsubTarget",
      JOBS,
      "description",
    ],
    [
      { "pubsubTarget.topicName": "projects/acme/topics/t", "pubsubTarget.data": "aGk=" },
      "pubsubTarget must be absent beside httpTarget",
      JOBS,
    ],
    [{ "httpTarget.uri": "w-abc-ew.a.run.app" }, "httpTarget.uri must be a URL", JOBS],
    [{ "httpTarget.body": "hello!" }, "httpTarget.body must be base64", JOBS],
    [
      { "httpTarget.httpMethod": "GET" },
      "httpTarget.body must be absent unless httpMethod is one of POST",
      JOBS,
    ],
    [
      { "httpTarget.httpMethod": "FETCH", "httpTarget.body": undefined },
      "httpTarget.httpMethod must be one of POST",
      JOBS,
    ],
    [
      { "httpTarget.uri": "https://workflowexecutions.googleapis.com/v1/x" },
      "httpTarget.oidcToken must be absent where the URL is of *.googleapis.com",
      AUTH,
    ],
    [
      {
        "httpTarget.oidcToken": undefined,
        "httpTarget.oauthToken.serviceAccountEmail": "tick@acme.iam.gserviceaccount.com",
      },
      "httpTarget.oauthToken must be absent unless the URL is of *.googleapis.com",
      AUTH,
    ],
    [
      { "httpTarget.oidcToken.serviceAccountEmail": "tick" },
      "httpTarget.oidcToken.serviceAccountEmail must be an account's e-mail address",
      AUTH,
    ],
    [
      { httpTarget: undefined, "pubsubTarget.topicName": "t", "pubsubTarget.data": "aGk=" },
      "pubsubTarget.topicName must be a topic's whole name",
      JOBS,
    ],
    [
      { httpTarget: undefined, "pubsubTarget.topicName": "projects/acme/topics/t" },
      "pubsubTarget.data must be set, or attributes",
      JOBS,
      "description",
    ],
  ],
);

describeRefusals(
  LOGGING_KINDS,
  "gcp:logging/projectSink:ProjectSink",
  {
    name: "errors",
    destination: "pubsub.googleapis.com/projects/acme/topics/t",
    filter: 'severity>=ERROR AND resource.labels.service_name!="slack"',
    exclusions: [{ name: "noise", filter: "severity<ERROR" }],
  },
  [
    [{ name: "-errors" }, "name must have 1 to 100 letters", SINKS],
    [{ destination: "projects/acme/topics/t" }, "destination must be a destination such as", SINKS],
    [{ destination: "pubsub.googleapis.com/topics/t" }, "destination must be a destination such as", SINKS],
    [
      { filter: "severity>=LOUD" },
      "filter must be a filter of Logging's query language, and it compares severity",
      SINKS,
    ],
    [
      { filter: `textPayload="${"x".repeat(20_000)}"` },
      "filter must be a filter of Logging's query language, and it has 20014 characters",
      SINKS,
    ],
    [
      { "exclusions[0].filter": "(" },
      "exclusions[0].filter must be a filter of Logging's query language, and it ends too early",
      SINKS,
    ],
    [
      { "exclusions[1]": { name: "noise", filter: "severity=INFO" } },
      "exclusions[1].name must be the only one of its value",
      SINKS,
    ],
    [
      { "bigqueryOptions.usePartitionedTables": true },
      "bigqueryOptions must be absent unless the destination is a dataset",
      SINKS,
    ],
    [
      { uniqueWriterIdentity: false, customWriterIdentity: "serviceAccount:a@b.iam.gserviceaccount.com" },
      "customWriterIdentity must be absent where uniqueWriterIdentity is false",
      SINKS,
    ],
  ],
);

describeRefusals(LOGGING_KINDS, "gcp:logging/metric:Metric", { name: "drops", filter: "severity>=ERROR" }, [
  [{ name: "/drops" }, "name must have 1 to 100 letters", METRICS],
  [
    { filter: "severity>=" },
    "filter must be a filter of Logging's query language, and it ends too early",
    METRICS,
  ],
  [
    { metricDescriptor: { metricKind: "GAUGE", valueType: "INT64" } },
    "metricDescriptor.metricKind must be one of DELTA",
    METRICS,
  ],
  [
    { metricDescriptor: { metricKind: "DELTA", valueType: "BYTES" } },
    "metricDescriptor.valueType must be one of BOOL, INT64",
    SDK,
  ],
  [
    { metricDescriptor: { metricKind: "DELTA", valueType: "DISTRIBUTION" } },
    "valueExtractor must be set where the metric is a DISTRIBUTION",
    METRICS,
  ],
]);

describe("the local cloud refuses by name what it does not evaluate", () => {
  const threshold = (more: object) => [
    {
      displayName: "c",
      conditionThreshold: {
        filter: 'metric.type="run.googleapis.com/request_count" resource.type="cloud_run_revision"',
        comparison: "COMPARISON_GT",
        duration: "0s",
        ...more,
      },
    },
  ];
  const at = "conditions[0].conditionThreshold";
  const policy = (conditions: unknown, more: object = {}) =>
    ["AlertPolicy", { conditions, ...more }] as const;

  test.each([
    [policy(threshold({})), []],
    [
      policy([{ displayName: "c", conditionPrometheusQueryLanguage: { query: "up" } }]),
      ["conditions[0].conditionPrometheusQueryLanguage"],
    ],
    [
      policy([{ displayName: "c", conditionMonitoringQueryLanguage: { query: "up" } }]),
      ["conditions[0].conditionMonitoringQueryLanguage"],
    ],
    [policy([{ displayName: "c", conditionSql: { query: "up" } }]), ["conditions[0].conditionSql"]],
    [
      policy([{ displayName: "c", conditionAbsent: { duration: "120s" } }]),
      ["conditions[0].conditionAbsent"],
    ],
    [
      policy(threshold({ filter: 'metric.type="compute.googleapis.com/x" resource.type="y"' })),
      [`${at}.filter`],
    ],
    [policy(threshold({ filter: 'metric.type=starts_with("x") resource.type="y"' })), [`${at}.filter`]],
    [policy(threshold({ filter: 'select_slo_burn_rate("projects/p/services/s", "1h")' })), [`${at}.filter`]],
    [
      policy(threshold({ aggregations: [{ perSeriesAligner: "ALIGN_INTERPOLATE" }] })),
      [`${at}.aggregations[0].perSeriesAligner`],
    ],
    [policy(threshold({ aggregations: [{}, {}] })), [`${at}.aggregations`]],
    [policy(threshold({ denominatorFilter: "x" })), [`${at}.denominatorFilter`]],
    [
      policy(threshold({ evaluationMissingData: "EVALUATION_MISSING_DATA_ACTIVE" })),
      [`${at}.evaluationMissingData`],
    ],
    [policy(threshold({}), { combiner: "AND_WITH_MATCHING_RESOURCE" }), ["combiner"]],
    [
      policy([{ displayName: "c", conditionMatchedLog: { filter: '"lost"', labelExtractors: { a: "b" } } }]),
      ["conditions[0].conditionMatchedLog.labelExtractors", "conditions[0].conditionMatchedLog.filter"],
    ],
    [["ProjectSink", { destination: "storage.googleapis.com/logs" }], ["destination"]],
    [
      [
        "ProjectSink",
        { destination: "pubsub.googleapis.com/projects/p/topics/t", filter: "sample(insertId, 0.1)" },
      ],
      ["filter"],
    ],
    [["Metric", { filter: "severity>=ERROR", valueExtractor: "EXTRACT(x)" }], ["valueExtractor"]],
    [["Job", { appEngineHttpTarget: { relativeUri: "/" } }], ["appEngineHttpTarget"]],
    [["Job", { schedule: "every 5 minutes" }], ["schedule"]],
  ] as const)("%j: %j", ([type, inputs], paths) => {
    const reported: string[] = [];
    const kind = [...MONITORING_KINDS, ...LOGGING_KINDS, ...SCHEDULER_KINDS].find(({ token }) =>
      token.endsWith(`:${type}`),
    );
    kind?.unsupported?.(inputs as unknown as Properties, (path) => reported.push(path));
    expect(reported).toEqual(paths);
  });
});

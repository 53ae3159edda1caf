import { describeRefusals, describeUnsupported } from "../testing/refusals.ts";
import { SCHEDULER_KINDS } from "./kinds.ts";

const JOBS = "projects.locations.jobs";
const AUTH = "http-target-auth";

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

describeUnsupported(SCHEDULER_KINDS, "gcp:cloudscheduler/job:Job", [
  [{ appEngineHttpTarget: { relativeUri: "/" } }, ["appEngineHttpTarget"]],
  [{ schedule: "every 5 minutes" }, ["schedule"]],
]);

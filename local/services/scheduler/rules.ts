import { cron } from "../../../review/rules/google/cron.ts";
import { region } from "../../../review/rules/google/regions.ts";
import { duration, seconds, whole } from "../../../review/rules/numbers.ts";
import { atMostOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { base64, characters, matching, oneOf } from "../../../review/rules/text.ts";
import { isProperties, type Properties } from "../../../review/rules/values.ts";

export const JOBS = "https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs";
const CRON = "https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules";
const AUTH = "https://cloud.google.com/scheduler/docs/http-target-auth";
const METHODS = ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"];
const WITH_BODY = ["POST", "PUT", "PATCH"];
export const ENGLISH = /^(every|\d+(st|nd|rd|th)|first|second|third|fourth)\b/i;
const ACCOUNT = matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, "must be an account's e-mail address");
const BACKOFF = duration({ from: 0, to: 86_400, what: "a backoff" });

export const JOB_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/about/locations", { region: region() }),
  cite(JOBS, {
    name: matching(/^[A-Za-z0-9_-]{1,500}$/, "must have 1 to 500 letters, digits, dashes and underscores"),
    description: characters({ to: 500 }),
    timeZone: ofText((zone) =>
      isTimeZone(zone) ? undefined : "must be a time zone of the tz database, Europe/Berlin",
    ),
    "": [
      exactlyOneOf("appEngineHttpTarget", "httpTarget", "pubsubTarget"),
      inObject(({ region }, report) => {
        if (presence(region) === "absent") report("region", "must be set, on the resource or as gcp:region");
      }),
      inObject(({ schedule }, report) => {
        if (presence(schedule) === "absent") report("schedule", "must be set");
      }),
      inObject(checkDeadline),
    ],
    "retryConfig.retryCount": whole({ from: 0, to: 5, what: "attempts after the first" }),
    "retryConfig.maxDoublings": whole({ from: 0, to: 16, what: "doublings of the backoff" }),
    "retryConfig.maxRetryDuration": duration({
      from: 0,
      to: Number.POSITIVE_INFINITY,
      what: "for all attempts",
    }),
    "retryConfig.minBackoffDuration": BACKOFF,
    "retryConfig.maxBackoffDuration": BACKOFF,
    retryConfig: inObject(({ minBackoffDuration: min, maxBackoffDuration: max }, report) => {
      if (typeof min === "string" && typeof max === "string" && seconds(min) > seconds(max)) {
        report("minBackoffDuration", "must be at most maxBackoffDuration");
      }
    }),
    "httpTarget.uri": [
      matching(/^https?:\/\/[^/\s]+\S*$/, "must be a URL that begins with http:// or https://"),
      characters({ to: 2_083 }),
    ],
    "httpTarget.httpMethod": oneOf(...METHODS),
    "httpTarget.body": base64(),
    httpTarget: inObject(({ body, httpMethod }, report) => {
      if (presence(body) === "set" && typeof httpMethod === "string" && !WITH_BODY.includes(httpMethod)) {
        report("body", `must be absent unless httpMethod is one of ${WITH_BODY.join(", ")}`);
      }
    }),
    "pubsubTarget.topicName": matching(
      /^projects\/[^/]+\/topics\/[^/]+$/,
      "must be a topic's whole name, projects/P/topics/T",
    ),
    "pubsubTarget.data": base64(),
    pubsubTarget: inObject(({ data, attributes }, report) => {
      const isEmpty = data === "" || presence(data) === "absent";
      if (isEmpty && presence(attributes) === "absent") report("data", "must be set, or attributes");
    }),
  }),
  cite(CRON, {
    schedule: ofText((schedule) => (ENGLISH.test(schedule) ? undefined : cronProblem(schedule))),
  }),
  cite(AUTH, {
    httpTarget: [atMostOneOf("oidcToken", "oauthToken"), inObject(checkToken)],
    "httpTarget.oidcToken.serviceAccountEmail": ACCOUNT,
    "httpTarget.oauthToken.serviceAccountEmail": ACCOUNT,
  }),
];

function cronProblem(schedule: string): string | undefined {
  let problem: string | undefined;
  cron()(schedule, (_, rule) => {
    problem = rule;
  });
  return problem;
}

/** Google's own zone data is the tz database; `Intl` has the same names. */
function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return !/^[+-]/.test(zone);
  } catch {
    return false;
  }
}

/** Pub/Sub targets have no use for a deadline. */
function checkDeadline({ attemptDeadline, appEngineHttpTarget }: Properties, report: Report): void {
  if (typeof attemptDeadline !== "string") return;
  const to = isProperties(appEngineHttpTarget) ? 86_415 : 1_800;
  duration({ from: 15, to, what: "for one attempt" })(attemptDeadline, (_, rule) =>
    report("attemptDeadline", rule),
  );
}

/** An access token would open Google's APIs to whoever receives it; an ID token opens one audience. */
function checkToken(target: Properties, report: Report): void {
  const { uri, oauthToken, oidcToken } = target;
  if (typeof uri !== "string" || !URL.canParse(uri)) return;
  const isGoogle = new URL(uri).hostname.endsWith(".googleapis.com");
  if (presence(oauthToken) === "set" && !isGoogle) {
    report("oauthToken", "must be absent unless the URL is of *.googleapis.com: use oidcToken");
  }
  if (presence(oidcToken) === "set" && isGoogle) {
    report("oidcToken", "must be absent where the URL is of *.googleapis.com: use oauthToken");
  }
}

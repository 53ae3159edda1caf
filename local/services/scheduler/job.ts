import type { CloudResource } from "../../kernel/contract.ts";
import { numberOf, objectOf, textOf } from "../../kernel/property-values.ts";

export const JOB_KIND = "gcp:cloudscheduler/job:Job";

/** Google's defaults. @see https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs */
const ATTEMPT_DEADLINE_MS = 180_000;
const RETRY = { retryCount: 0, maxRetryMs: 0, minBackoffMs: 5_000, maxBackoffMs: 3_600_000, maxDoublings: 5 };

/** Whose token goes with a request, and what for. */
export type Credentials =
  | { readonly kind: "oidc"; readonly email: string; readonly audience: string }
  | { readonly kind: "oauth"; readonly email: string };

export type Target =
  | {
      readonly kind: "http";
      readonly uri: string;
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
      readonly credentials: Credentials | undefined;
    }
  | {
      readonly kind: "pubsub";
      readonly topic: string;
      readonly data: Buffer;
      readonly attributes: Readonly<Record<string, string>>;
    };

export interface Retry {
  /** Attempts after the first. */
  readonly retryCount: number;
  /** From the first attempt on; 0 for no limit of its own. */
  readonly maxRetryMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly maxDoublings: number;
}

export interface Job {
  /** `projects/P/locations/L/jobs/NAME` */
  readonly id: string;
  readonly name: string;
  readonly project: string;
  readonly location: string;
  /** Unix cron, five fields. */
  readonly schedule: string;
  readonly timeZone: string;
  readonly isPaused: boolean;
  readonly attemptDeadlineMs: number;
  readonly retry: Retry;
  readonly target: Target;
}

export function parseJob({ id, properties }: CloudResource): Job {
  const [, project = "", , location = "", , name = ""] = id.split("/");
  const retry = objectOf(properties.retryConfig);
  return {
    id,
    name,
    project,
    location,
    schedule: textOf(properties.schedule) ?? "",
    timeZone: textOf(properties.timeZone) ?? "Etc/UTC",
    isPaused: properties.paused === true,
    attemptDeadlineMs: durationMs(properties.attemptDeadline) ?? ATTEMPT_DEADLINE_MS,
    retry: {
      retryCount: numberOf(retry.retryCount) ?? RETRY.retryCount,
      maxRetryMs: durationMs(retry.maxRetryDuration) ?? RETRY.maxRetryMs,
      minBackoffMs: durationMs(retry.minBackoffDuration) ?? RETRY.minBackoffMs,
      maxBackoffMs: durationMs(retry.maxBackoffDuration) ?? RETRY.maxBackoffMs,
      maxDoublings: numberOf(retry.maxDoublings) ?? RETRY.maxDoublings,
    },
    target: parseTarget(properties),
  };
}

/**
 * How long to wait after so many failed attempts: doubled from the shortest `maxDoublings` times, then
 * longer by as much each time.
 *
 * @see https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#RetryConfig
 */
export function backoffMs({ minBackoffMs, maxBackoffMs, maxDoublings }: Retry, failures: number): number {
  const doublings = Math.min(failures - 1, maxDoublings);
  const steps = failures - 1 - doublings;
  return Math.min(maxBackoffMs, minBackoffMs * 2 ** doublings * (1 + steps));
}

/** Whether Scheduler tries again: until both limits are reached, as far as they are set. */
export function triesAgain({ retryCount, maxRetryMs }: Retry, failures: number, elapsedMs: number): boolean {
  return failures <= retryCount || (maxRetryMs > 0 && elapsedMs < maxRetryMs);
}

function parseTarget(properties: CloudResource["properties"]): Target {
  const topic = objectOf(properties.pubsubTarget);
  if (textOf(topic.topicName) !== undefined) {
    return {
      kind: "pubsub",
      topic: String(topic.topicName),
      data: decode(topic.data),
      attributes: texts(topic.attributes),
    };
  }
  const http = objectOf(properties.httpTarget);
  const uri = textOf(http.uri) ?? "";
  const oidc = objectOf(http.oidcToken);
  const oauth = objectOf(http.oauthToken);
  const email = textOf(oidc.serviceAccountEmail);
  const owner = textOf(oauth.serviceAccountEmail);
  return {
    kind: "http",
    uri,
    method: textOf(http.httpMethod) ?? "POST",
    headers: texts(http.headers),
    body: decode(http.body),
    credentials:
      email !== undefined
        ? { kind: "oidc", email, audience: textOf(oidc.audience) ?? uri }
        : owner !== undefined
          ? { kind: "oauth", email: owner }
          : undefined,
  };
}

function texts(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(objectOf(value)).map(([name, text]) => [name, String(text)]));
}

function decode(value: unknown): Buffer {
  return Buffer.from(textOf(value) ?? "", "base64");
}

function durationMs(value: unknown): number | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Number.parseFloat(text) * 1000;
}

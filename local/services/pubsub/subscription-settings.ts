import { z } from "zod";
import type { CloudResource } from "../../kernel/contract.ts";
import type { RetryPolicy } from "./backoff.ts";

/** Pulumi's type token. */
export const SUBSCRIPTION_KIND = "gcp:pubsub/subscription:Subscription";

export interface PushSettings {
  readonly endpoint: string;
  /** Absent: pushes carry no token. */
  readonly identity?: { readonly email: string; readonly audience: string };
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DeadLetterPolicy {
  /** `projects/P/topics/T`. */
  readonly topic: string;
  readonly maxDeliveryAttempts: number;
}

export interface Subscription {
  /** `projects/P/subscriptions/S`. */
  readonly id: string;
  readonly project: string;
  /** `projects/P/topics/T`. */
  readonly topic: string;
  readonly ackDeadlineSeconds: number;
  readonly retentionMs: number;
  /** Absent: messages are pulled. */
  readonly push?: PushSettings;
  readonly retryPolicy?: RetryPolicy;
  readonly deadLetterPolicy?: DeadLetterPolicy;
  readonly labels: Readonly<Record<string, string>>;
}

const TEN_MINUTES_SECONDS = 600;
const WEEK_SECONDS = 604_800;
const LONGEST_RETENTION_SECONDS = 31 * 86_400;

const UNSUPPORTED = [
  "bigqueryConfig",
  "bigtableConfig",
  "cloudStorageConfig",
  "enableExactlyOnceDelivery",
  "enableMessageOrdering",
  "filter",
  "messageTransforms",
  "retainAckedMessages",
];

const settingsSchema = z.object({
  topic: z.string().min(1, "must name a topic"),
  ackDeadlineSeconds: z
    .number()
    .nullish()
    .transform((value) => value || 10)
    .pipe(z.number().int().min(10, "must be 10 to 600").max(600, "must be 10 to 600")),
  messageRetentionDuration: duration(TEN_MINUTES_SECONDS, LONGEST_RETENTION_SECONDS).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  pushConfig: z
    .object({
      pushEndpoint: z.string().regex(/^(https:\/\/.+)?$/, "must be an https URL"),
      attributes: z.strictObject({ "x-goog-version": z.enum(["v1", "v1beta2"]).optional() }).nullish(),
      noWrapper: z.null("is not supported by the local Pub/Sub").optional(),
      oidcToken: z
        .object({
          serviceAccountEmail: z.string().min(1, "must name a service account"),
          audience: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  retryPolicy: z
    .object({ minimumBackoff: duration(0, 600).nullish(), maximumBackoff: duration(0, 600).nullish() })
    .refine(({ minimumBackoff, maximumBackoff }) => (minimumBackoff ?? 10) <= (maximumBackoff ?? 600), {
      path: ["minimumBackoff"],
      error: "must not exceed maximumBackoff",
    })
    .nullish(),
  deadLetterPolicy: z
    .object({
      deadLetterTopic: z.string().regex(/^projects\/[^/]+\/topics\/[^/]+$/, "must be projects/P/topics/T"),
      maxDeliveryAttempts: z
        .number()
        .nullish()
        .transform((value) => value || 5)
        .pipe(z.number().int().min(5, "must be 5 to 100").max(100, "must be 5 to 100")),
    })
    .nullish(),
  // An idle subscription of Google's expires after 31 days unless ttl is "". Here only the program removes one.
  expirationPolicy: z
    .object({ ttl: z.literal("", 'must be "" (never): the local Pub/Sub does not expire subscriptions') })
    .nullish(),
});

/** What is wrong with a subscription's properties (Pulumi's names), a sentence each; none is one that works here. */
export function subscriptionProblems(id: string, properties: Readonly<Record<string, unknown>>): string[] {
  const problems = UNSUPPORTED.filter((field) => isSet(properties[field])).map(
    (field) => `Subscription "${id}": ${field} is not supported by the local Pub/Sub.`,
  );
  const parsed = settingsSchema.safeParse(properties);
  for (const { path, message } of parsed.error?.issues ?? []) {
    const value = path.reduce<unknown>(
      (outer, key) => (outer as Record<PropertyKey, unknown> | undefined)?.[key],
      properties,
    );
    problems.push(`Subscription "${id}": ${path.join(".")} ${message}; got ${JSON.stringify(value)}.`);
  }
  return problems;
}

/** The subscription that a resource describes, with Google's defaults; `undefined` if it has problems. */
export function parseSubscription({ id, properties }: CloudResource): Subscription | undefined {
  if (subscriptionProblems(id, properties).length > 0) return undefined;
  const settings = settingsSchema.parse(properties);
  const { pushConfig, retryPolicy, deadLetterPolicy } = settings;
  const project = id.split("/")[1] ?? "";
  return {
    id,
    project,
    topic: settings.topic.includes("/") ? settings.topic : `projects/${project}/topics/${settings.topic}`,
    ackDeadlineSeconds: settings.ackDeadlineSeconds,
    retentionMs: (settings.messageRetentionDuration ?? WEEK_SECONDS) * 1000,
    labels: settings.labels ?? {},
    ...(pushConfig?.pushEndpoint && {
      push: {
        endpoint: pushConfig.pushEndpoint,
        attributes: { "x-goog-version": pushConfig.attributes?.["x-goog-version"] ?? "v1" },
        ...(pushConfig.oidcToken && {
          identity: {
            email: pushConfig.oidcToken.serviceAccountEmail,
            audience: pushConfig.oidcToken.audience || pushConfig.pushEndpoint,
          },
        }),
      },
    }),
    ...(retryPolicy && {
      retryPolicy: {
        minimumBackoffMs: (retryPolicy.minimumBackoff ?? 10) * 1000,
        maximumBackoffMs: (retryPolicy.maximumBackoff ?? 600) * 1000,
      },
    }),
    ...(deadLetterPolicy && {
      deadLetterPolicy: {
        topic: deadLetterPolicy.deadLetterTopic,
        maxDeliveryAttempts: deadLetterPolicy.maxDeliveryAttempts,
      },
    }),
  };
}

/** `"10s"` to 10, within bounds in seconds. */
function duration(least: number, most: number) {
  const rule = `must be ${least}s to ${most}s`;
  return z
    .string()
    .regex(/^\d+(\.\d{1,9})?s$/, rule)
    .transform((text) => Number(text.slice(0, -1)))
    .pipe(z.number().min(least, rule).max(most, rule));
}

function isSet(value: unknown): boolean {
  return Boolean(value) && !(Array.isArray(value) && value.length === 0);
}

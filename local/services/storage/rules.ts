import { labels } from "../../../review/rules/google/labels.ts";
import { count } from "../../../review/rules/lists.ts";
import { timestamp, whole } from "../../../review/rules/numbers.ts";
import { dependent, exactlyOneOf, onlyWhere, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofNumber, ofText, type Rule } from "../../../review/rules/rule.ts";
import { emptyOr, matching, oneOf } from "../../../review/rules/text.ts";
import { checkClassOfPlace, checkPlacement, location } from "./place-rules.ts";

export const BUCKET_NAMING = "https://cloud.google.com/storage/docs/buckets#naming";
export const OBJECT_NAMING = "https://cloud.google.com/storage/docs/objects#naming";
const LIFECYCLE = "https://cloud.google.com/storage/docs/lifecycle";
const BUCKETS = "https://cloud.google.com/storage/docs/json_api/v1/buckets#resource";
const DAY_SECONDS = 86_400;
const HUNDRED_YEARS_SECONDS = 3_155_760_000;

const CLASSES = oneOf(
  "STANDARD",
  "NEARLINE",
  "COLDLINE",
  "ARCHIVE",
  "MULTI_REGIONAL",
  "REGIONAL",
  "DURABLE_REDUCED_AVAILABILITY",
  "RAPID",
);
const DATE = matching(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, "must be a date, YYYY-MM-DD");
const COUNT = whole({ from: 0, to: 2_147_483_647 });
const KEY = emptyOr(
  matching(
    /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
    "must be a key, projects/P/locations/L/keyRings/R/cryptoKeys/K",
  ),
);

/** What Cloud Storage refuses of a bucket. */
export const BUCKET_RULES: readonly CitedRules[] = [
  cite(BUCKET_NAMING, { name: bucketName(), "logging.logBucket": bucketName() }),
  cite("https://cloud.google.com/storage/docs/tags-and-labels#bucket-labels", { labels: labels() }),
  cite("https://cloud.google.com/storage/docs/locations", {
    location: location(),
    "": [inObject(checkPlacement), inObject(checkClassOfPlace)],
  }),
  cite("https://cloud.google.com/storage/docs/storage-classes", { storageClass: CLASSES }),
  cite("https://cloud.google.com/storage/docs/public-access-prevention", {
    publicAccessPrevention: oneOf("enforced", "inherited"),
  }),
  cite("https://cloud.google.com/storage/docs/availability-durability#turbo-replication", {
    rpo: oneOf("DEFAULT", "ASYNC_TURBO"),
  }),
  cite("https://cloud.google.com/storage/docs/soft-delete#retention-duration", {
    "softDeletePolicy.retentionDurationSeconds": ofNumber((seconds) =>
      seconds === 0 || (seconds >= 7 * DAY_SECONDS && seconds <= 90 * DAY_SECONDS)
        ? undefined
        : "must be 0, or 7 to 90 days in seconds",
    ),
  }),
  cite("https://cloud.google.com/storage/docs/bucket-lock#retention-policy", {
    "retentionPolicy.retentionPeriod": ofText((text) =>
      /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= HUNDRED_YEARS_SECONDS
        ? undefined
        : `must be whole seconds from 1 to ${HUNDRED_YEARS_SECONDS}, a hundred years`,
    ),
  }),
  cite(`${LIFECYCLE}#actions`, {
    lifecycleRules: count({ to: 100, what: "rules" }),
    "lifecycleRules[].action.type": oneOf("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"),
    "lifecycleRules[].action.storageClass": CLASSES,
    "lifecycleRules[].action": [
      dependent("type", ["SetStorageClass"], { required: ["storageClass"] }),
      onlyWhere("type", ["SetStorageClass"], "storageClass"),
    ],
  }),
  cite(`${LIFECYCLE}#conditions`, {
    "lifecycleRules[].condition": hasCondition(),
    "lifecycleRules[].condition.age": COUNT,
    "lifecycleRules[].condition.daysSinceCustomTime": COUNT,
    "lifecycleRules[].condition.daysSinceNoncurrentTime": COUNT,
    "lifecycleRules[].condition.numNewerVersions": COUNT,
    "lifecycleRules[].condition.createdBefore": DATE,
    "lifecycleRules[].condition.customTimeBefore": DATE,
    "lifecycleRules[].condition.noncurrentTimeBefore": DATE,
    "lifecycleRules[].condition.withState": oneOf("LIVE", "ARCHIVED", "ANY"),
    "lifecycleRules[].condition.matchesStorageClasses[]": CLASSES,
    "lifecycleRules[]": abortsByAgeAlone(),
  }),
  cite("https://cloud.google.com/storage/docs/autoclass", {
    "autoclass.terminalStorageClass": oneOf("NEARLINE", "ARCHIVE"),
    "": inObject(({ autoclass, storageClass, lifecycleRules }, report) => {
      if ((autoclass as { enabled?: unknown } | undefined)?.enabled !== true) return;
      if (typeof storageClass === "string" && storageClass !== "STANDARD") {
        report("storageClass", "must be STANDARD beside autoclass");
      }
      for (const [index, rule] of (Array.isArray(lifecycleRules) ? lifecycleRules : []).entries()) {
        if (rule?.action?.type === "SetStorageClass") {
          report(`lifecycleRules[${index}].action.type`, "must not be SetStorageClass beside autoclass");
        }
      }
    }),
  }),
  cite("https://cloud.google.com/storage/docs/hns-overview", {
    "": inObject(({ hierarchicalNamespace, uniformBucketLevelAccess, versioning }, report) => {
      if ((hierarchicalNamespace as { enabled?: unknown } | undefined)?.enabled !== true) return;
      // Left out, it may be on by the organization's policy.
      if (uniformBucketLevelAccess === false) {
        report("uniformBucketLevelAccess", "must be true beside hierarchicalNamespace");
      }
      if ((versioning as { enabled?: unknown } | undefined)?.enabled === true) {
        report("versioning.enabled", "must be false beside hierarchicalNamespace");
      }
    }),
  }),
  cite("https://cloud.google.com/storage/docs/encryption/customer-managed-keys", {
    "encryption.defaultKmsKeyName": KEY,
  }),
  cite(BUCKETS, {
    "cors[].maxAgeSeconds": whole({ from: 0, to: 2_147_483_647, what: "seconds" }),
    "cors[].methods[]": oneOf("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "*"),
    "ipFilter.mode": oneOf("Enabled", "Disabled"),
  }),
];

/** What Cloud Storage refuses of an object. */
export const OBJECT_RULES: readonly CitedRules[] = [
  cite(OBJECT_NAMING, { name: objectName() }),
  cite("https://www.pulumi.com/registry/packages/gcp/api-docs/storage/bucketobject/#inputs", {
    "": exactlyOneOf("source", "content"),
  }),
  cite("https://cloud.google.com/storage/docs/storage-classes", { storageClass: CLASSES }),
  cite("https://cloud.google.com/storage/quotas#objects", {
    metadata: inObject((entries, report) => {
      const bytes = Object.entries(entries).reduce(
        (sum, [key, value]) =>
          sum + Buffer.byteLength(key) + (typeof value === "string" ? Buffer.byteLength(value) : 0),
        0,
      );
      if (bytes > 8 * 1024) report("", "must be at most 8192 bytes, keys and values together");
    }),
  }),
  cite("https://cloud.google.com/storage/docs/encryption/customer-managed-keys", { kmsKeyName: KEY }),
  cite("https://cloud.google.com/storage/docs/object-lock", {
    "retention.mode": oneOf("Locked", "Unlocked"),
    "retention.retainUntilTime": timestamp(),
  }),
];

/** What Cloud Storage refuses of a notification configuration. */
export const NOTIFICATION_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/storage/docs/json_api/v1/notifications#resource", {
    topic: matching(
      /^((\/\/pubsub\.googleapis\.com\/)?projects\/[^/]+\/topics\/[^/]+|[A-Za-z][\w.~+%-]{2,254})$/,
      "must be a topic, //pubsub.googleapis.com/projects/P/topics/T",
    ),
    payloadFormat: oneOf("JSON_API_V1", "NONE"),
    "eventTypes[]": oneOf("OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"),
  }),
];

/** Lower-case, and a domain name where it has dots. */
function bucketName(): Rule {
  return ofText((name) => {
    const longest = name.includes(".") ? 222 : 63;
    if (name.length < 3 || name.length > longest) return `must have 3 to ${longest} characters`;
    if (!/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])$/.test(name)) {
      return "must have only lower-case letters, digits, dashes, underscores and dots, with a letter or digit at both ends";
    }
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return "must not be an IP address";
    if (/^goog|g[o0]{2}g[l1]e/.test(name)) return "must neither begin with goog nor hold google or the like";
    const parts = name.split(".");
    if (parts.some((part) => part.length > 63)) return "must have at most 63 characters between two dots";
    return parts.length > 1 && parts.some((part) => !/^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/.test(part))
      ? "must, as it has dots, be a domain name"
      : undefined;
  });
}

function objectName(): Rule {
  return ofText((name) => {
    const bytes = Buffer.byteLength(name);
    if (bytes < 1 || bytes > 1024) return `must have 1 to 1024 bytes in UTF-8, and has ${bytes}`;
    if (/[\r\n]/.test(name)) return "must hold neither carriage return nor line feed";
    if (name === "." || name === "..") return 'must not be "." or ".."';
    return name.startsWith(".well-known/acme-challenge/")
      ? "must not begin with .well-known/acme-challenge/"
      : undefined;
  });
}

/** Zeros that aren't asked for by name are not sent, so they are no condition. */
function hasCondition(): Rule {
  return inObject((condition, report) => {
    const isSet = Object.entries(condition).some(
      ([name, value]) =>
        value !== undefined && value !== null && !(value === 0 && !sendsZero(condition, name)),
    );
    if (!isSet)
      report("", "must have at least one condition that is sent: a zero is only beside its send…IfZero");
  });
}

function sendsZero(condition: Readonly<Record<string, unknown>>, name: string): boolean {
  return condition[`send${name.charAt(0).toUpperCase()}${name.slice(1)}IfZero`] === true;
}

/** For uploads that never became objects, most of what is asked of objects makes no sense. */
function abortsByAgeAlone(): Rule {
  return inObject(({ action, condition }, report) => {
    if ((action as { type?: unknown } | undefined)?.type !== "AbortIncompleteMultipartUpload") return;
    if (typeof condition !== "object" || condition === null) return;
    const allowed = ["age", "sendAgeIfZero", "matchesPrefixes", "matchesSuffixes"];
    for (const [name, value] of Object.entries(condition)) {
      if (presence(value) === "set" && !allowed.includes(name)) {
        report(
          `condition.${name}`,
          "must be absent: incomplete uploads are known by age, prefix and suffix alone",
        );
      }
    }
  });
}

import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals, type Mistake } from "../testing/refusals.ts";

const NAMING = "buckets#naming";
const LIFECYCLE = "docs/lifecycle";

const deleting = (condition: Record<string, string | number | boolean | string[]>) => ({
  "lifecycleRules[0]": { action: { type: "Delete" }, condition },
});
const condition = (set: Record<string, string | number | string[]>, refusal: string): Mistake => [
  deleting({ ...set, matchesPrefixes: ["a"] }),
  `lifecycleRules[0].condition.${refusal}`,
  LIFECYCLE,
];

describeRefusals(
  GCP_KINDS,
  "gcp:storage/bucket:Bucket",
  {
    name: "a-1_2.shop.example.com",
    location: "europe-west1",
    labels: { team: "edge" },
    storageClass: "NEARLINE",
    publicAccessPrevention: "enforced",
    rpo: "DEFAULT",
    uniformBucketLevelAccess: true,
    versioning: { enabled: true },
    softDeletePolicy: { retentionDurationSeconds: 604_800 },
    retentionPolicy: { retentionPeriod: "3155760000" },
    encryption: { defaultKmsKeyName: "projects/p/locations/l/keyRings/r/cryptoKeys/k" },
    lifecycleRules: [
      { action: { type: "Delete" }, condition: { age: 0, sendAgeIfZero: true, withState: "ANY" } },
      {
        action: { type: "SetStorageClass", storageClass: "COLDLINE" },
        condition: { createdBefore: "2027-01-31" },
      },
      {
        action: { type: "AbortIncompleteMultipartUpload" },
        condition: { age: 7, matchesPrefixes: ["a"], matchesSuffixes: ["b"] },
      },
    ],
  },
  [
    [{ name: "ab" }, "name must have 3 to 63 characters", NAMING],
    [{ name: "a".repeat(64) }, "name must have 3 to 63 characters", NAMING],
    [{ name: `${"a.".repeat(111)}a` }, "name must have 3 to 222 characters", NAMING],
    [{ name: `${"a".repeat(64)}.b` }, "name must have at most 63 characters between two dots", NAMING],
    [{ name: "Shop" }, "name must have only lower-case", NAMING],
    [{ name: "-shop" }, "name must have only lower-case", NAMING],
    [{ name: "shop-" }, "name must have only lower-case", NAMING],
    [{ name: "192.0.2.1" }, "name must not be an IP address", NAMING],
    [{ name: "goog-shop" }, "name must neither begin with goog", NAMING],
    [{ name: "my-g00gle-shop" }, "name must neither begin with goog", NAMING],
    [{ name: "a..b" }, "name must, as it has dots, be a domain name", NAMING],
    [{ name: "a-.b" }, "name must, as it has dots, be a domain name", NAMING],
    [{ location: "europe" }, "location must be a region", "docs/locations"],
    [{ location: "eu-west-1" }, "location must be a region", "docs/locations"],
    [{ location: "europe-west99" }, "location must be a region", "docs/locations"],
    [
      { location: "US", customPlacementConfig: { dataLocations: ["US-EAST1", "US-EAST11"] } },
      "customPlacementConfig.dataLocations[1] must be a region",
      "docs/locations",
      "website",
    ],
    [
      { location: "US", customPlacementConfig: { dataLocations: ["US-EAST1"] } },
      "customPlacementConfig.dataLocations must be two regions",
      "docs/locations",
      "website",
    ],
    [{ "labels.Team": "x" }, "labels.Team must have a key", "labels", "website"],
    [{ storageClass: "COLD" }, "storageClass must be one of STANDARD", "storage-classes"],
    [{ publicAccessPrevention: "on" }, "publicAccessPrevention must be one of enforced", "public-access"],
    [{ rpo: "TURBO" }, "rpo must be one of DEFAULT", "turbo"],
    ...[1, 604_799, 7_776_001].map(
      (retentionDurationSeconds): Mistake => [
        { softDeletePolicy: { retentionDurationSeconds } },
        "softDeletePolicy.retentionDurationSeconds must be 0, or 7 to 90 days",
        "soft-delete",
      ],
    ),
    ...["0", "1d", "3155760001"].map(
      (retentionPeriod): Mistake => [
        { retentionPolicy: { retentionPeriod } },
        "retentionPolicy.retentionPeriod must be whole seconds",
        "bucket-lock",
      ],
    ),
    [
      { "lifecycleRules[0].action.type": "delete" },
      "lifecycleRules[0].action.type must be one of",
      LIFECYCLE,
      "website",
    ],
    [
      { "lifecycleRules[0].action.type": "SetStorageClass" },
      "lifecycleRules[0].action.storageClass must be set where type is SetStorageClass",
      LIFECYCLE,
      "website",
    ],
    [
      { "lifecycleRules[0].action.storageClass": "NEARLINE" },
      "lifecycleRules[0].action.storageClass must be absent unless type is SetStorageClass",
      LIFECYCLE,
      "website",
    ],
    [
      { "lifecycleRules[1].action.storageClass": "FREEZING" },
      "lifecycleRules[1].action.storageClass must be one of",
      LIFECYCLE,
      "website",
    ],
    [deleting({}), "lifecycleRules[0].condition must have at least one condition", LIFECYCLE, "website"],
    [
      deleting({ age: 0 }),
      "lifecycleRules[0].condition must have at least one condition",
      LIFECYCLE,
      "website",
    ],
    condition({ age: -1 }, "age must be a whole number"),
    condition({ age: 1.5 }, "age must be a whole number"),
    condition({ numNewerVersions: -1 }, "numNewerVersions must be a whole number"),
    condition({ createdBefore: "31.1.2027" }, "createdBefore must be a date"),
    condition({ noncurrentTimeBefore: "2027-13-01" }, "noncurrentTimeBefore must be a date"),
    condition({ withState: "DEAD" }, "withState must be one of LIVE"),
    condition({ matchesStorageClasses: ["COLD"] }, "matchesStorageClasses[0] must be one of"),
    [
      { "lifecycleRules[2].condition.numNewerVersions": 1 },
      "lifecycleRules[2].condition.numNewerVersions must be absent: incomplete uploads",
      LIFECYCLE,
    ],
    [
      {
        lifecycleRules: Array.from({ length: 101 }, () => ({
          action: { type: "Delete" },
          condition: { age: 1 },
        })),
      },
      "lifecycleRules must be at most 100 rules",
      LIFECYCLE,
    ],
    [
      {
        autoclass: { enabled: true },
        "lifecycleRules[1]": { action: { type: "Delete" }, condition: { age: 1 } },
      },
      "storageClass must be STANDARD beside autoclass",
      "autoclass",
    ],
    [
      { autoclass: { enabled: true }, storageClass: "STANDARD" },
      "lifecycleRules[1].action.type must not be SetStorageClass beside autoclass",
      "autoclass",
      "website",
    ],
    [
      { autoclass: { enabled: false, terminalStorageClass: "COLDLINE" } },
      "autoclass.terminalStorageClass must be one of NEARLINE, ARCHIVE",
      "autoclass",
      "website",
    ],
    [
      {
        hierarchicalNamespace: { enabled: true },
        versioning: { enabled: false },
        uniformBucketLevelAccess: false,
      },
      "uniformBucketLevelAccess must be true beside hierarchicalNamespace",
      "hns",
    ],
    [
      { hierarchicalNamespace: { enabled: true } },
      "versioning.enabled must be false beside hierarchicalNamespace",
      "hns",
      "website",
    ],
    [
      { "encryption.defaultKmsKeyName": "k" },
      "encryption.defaultKmsKeyName must be a key",
      "customer-managed",
    ],
    [{ logging: { logBucket: "LOGS" } }, "logging.logBucket must have only lower-case", NAMING],
    [{ cors: [{ methods: ["FETCH"] }] }, "cors[0].methods[0] must be one of", "json_api", "website"],
    [{ cors: [{ maxAgeSeconds: -1 }] }, "cors[0].maxAgeSeconds must be a whole number", "json_api"],
    [{ ipFilter: { mode: "on" } }, "ipFilter.mode must be one of", "json_api"],
  ],
);

describeRefusals(
  GCP_KINDS,
  "gcp:storage/bucketObject:BucketObject",
  {
    bucket: "acme-shop",
    name: "shop.example.com/.well-known/acme-challenge/é",
    content: "x",
    storageClass: "ARCHIVE",
    metadata: { k: "v" },
  },
  [
    [{ name: "é".repeat(513) }, "name must have 1 to 1024 bytes in UTF-8, and has 1026", "objects#naming"],
    [{ name: "a\nb" }, "name must hold neither carriage return", "objects#naming"],
    [{ name: ".." }, 'name must not be "." or ".."', "objects#naming"],
    [
      { name: ".well-known/acme-challenge/token" },
      "name must not begin with .well-known/acme-challenge/",
      "objects#naming",
    ],
    [{ content: undefined }, "source must be set, or content", "bucketobject"],
    [{ storageClass: "COLD" }, "storageClass must be one of", "storage-classes"],
    [{ metadata: { k: "v".repeat(8_192) } }, "metadata must be at most 8192 bytes", "quotas"],
    [{ kmsKeyName: "k" }, "kmsKeyName must be a key", "customer-managed"],
    [
      { retention: { mode: "locked", retainUntilTime: "2027-01-31T00:00:00Z" } },
      "retention.mode must be one of",
      "object-lock",
      "cacheControl",
    ],
    [
      { retention: { mode: "Locked", retainUntilTime: "soon" } },
      "retention.retainUntilTime must be a time",
      "object-lock",
      "cacheControl",
    ],
  ],
);

describeRefusals(
  GCP_KINDS,
  "gcp:storage/notification:Notification",
  {
    bucket: "acme-shop",
    topic: "//pubsub.googleapis.com/projects/acme/topics/changes",
    payloadFormat: "NONE",
    eventTypes: ["OBJECT_FINALIZE", "OBJECT_ARCHIVE"],
  },
  [
    [{ topic: "projects/acme/changes" }, "topic must be a topic", "notifications"],
    [{ payloadFormat: "JSON" }, "payloadFormat must be one of JSON_API_V1, NONE", "notifications"],
    [
      { "eventTypes[1]": "OBJECT_CREATE" },
      "eventTypes[1] must be one of OBJECT_FINALIZE",
      "notifications",
      "customAttributes",
    ],
  ],
);

describeRefusals(GCP_KINDS, "gcp:storage/bucket:Bucket", { name: "acme-shop", location: "EU" }, [
  [{ storageClass: "REGIONAL" }, "storageClass must not be REGIONAL outside a region", "docs/locations"],
  [{ rpo: "ASYNC_TURBO" }, "rpo must be DEFAULT where the location is no dual-region", "docs/locations"],
  [
    { storageClass: "RAPID" },
    "customPlacementConfig must name a zone where storageClass is RAPID",
    "docs/locations",
  ],
]);

describeAcceptance(GCP_KINDS, "gcp:storage/bucket:Bucket", { name: "acme-shop" }, [
  {
    location: "US-CENTRAL1",
    storageClass: "RAPID",
    customPlacementConfig: { dataLocations: ["US-CENTRAL1-B"] },
    hierarchicalNamespace: { enabled: true },
  },
  { location: "eur4", rpo: "ASYNC_TURBO" },
  { location: "EU", customPlacementConfig: { dataLocations: ["EUROPE-WEST1", "EUROPE-WEST4"] } },
]);

import { type Properties, textOf } from "../../local/kernel/property-values.ts";
import { publicBreaches } from "./access.ts";
import { publicGrantsIn } from "./grant.ts";
import { breach, type Policy, valueIn } from "./policy.ts";

const BUCKET = "gcp:storage/bucket:Bucket";
const CRYPTO_KEY = "gcp:kms/cryptoKey:CryptoKey";
const DATASET = "gcp:bigquery/dataset:Dataset";
const TABLE = "gcp:bigquery/table:Table";
const MAX_ROTATION_SECONDS = 90 * 86_400;

/** What lies in buckets and data sets, and the keys that it is sealed with. */
export const DATA_AT_REST: readonly Policy[] = [
  {
    id: "bucket-closed-to-the-public",
    severity: "mandatory",
    reason: "One grant to allUsers would publish what is in it.",
    wayOut: 'Set publicAccessPrevention to "enforced".',
    source: "CIS GCP 5.1",
    judge: (graph) =>
      graph
        .ofTypes(BUCKET)
        .filter(({ inputs }) => inputs.publicAccessPrevention !== "enforced")
        .map((bucket) =>
          breach(bucket, "publicAccessPrevention", "must be enforced", bucket.inputs.publicAccessPrevention),
        ),
  },
  {
    id: "bucket-with-one-access-list",
    severity: "mandatory",
    reason: "Access lists of single objects escape every review of IAM.",
    wayOut: "Set uniformBucketLevelAccess to true.",
    source: "CIS GCP 5.2",
    judge: (graph) =>
      graph
        .ofTypes(BUCKET)
        .filter(({ inputs }) => inputs.uniformBucketLevelAccess !== true)
        .map((bucket) =>
          breach(bucket, "uniformBucketLevelAccess", "must be true", bucket.inputs.uniformBucketLevelAccess),
        ),
  },
  {
    id: "key-rotated-within-90-days",
    severity: "mandatory",
    reason: "The longer a key is in use, the more one that leaks opens.",
    wayOut: "Set rotationPeriod to 7776000s or less.",
    source: "CIS GCP 1.10",
    judge: (graph) =>
      graph
        .ofTypes(CRYPTO_KEY)
        .filter(({ inputs }) => !isAsymmetric(inputs) && !isRotated(inputs.rotationPeriod))
        .map((key) =>
          breach(key, "rotationPeriod", "must be 7776000s (90 days) or less", key.inputs.rotationPeriod),
        ),
  },
  {
    id: "dataset-closed-to-the-public",
    severity: "mandatory",
    reason: "Everyone could query what is in it.",
    wayOut: "Name who may read it.",
    source: "CIS GCP 7.1",
    judge: (graph) =>
      publicGrantsIn(graph)
        .filter(({ resource }) => resource.type.startsWith("gcp:bigquery/"))
        .flatMap((grant) => publicBreaches(grant, "must name somebody")),
  },
  {
    id: "table-with-a-key-of-ours",
    severity: "advisory",
    reason: "Only a key of ours can be taken away from whoever has the bytes.",
    wayOut: "Give its data set a default key, or it one of its own.",
    source: "CIS GCP 7.2",
    judge: (graph) =>
      graph
        .ofTypes(TABLE)
        .filter(
          (table) =>
            !hasKey(table.inputs.encryptionConfiguration) &&
            !graph
              .sourcesOf(table, "datasetId", DATASET)
              .some(({ inputs }) => hasKey(inputs.defaultEncryptionConfiguration)),
        )
        .map((table) =>
          breach(
            table,
            "encryptionConfiguration.kmsKeyName",
            "must be set",
            keyOf(table.inputs.encryptionConfiguration),
          ),
        ),
  },
  {
    id: "dataset-with-a-key-of-ours",
    severity: "advisory",
    reason: "Only a key of ours can be taken away from whoever has the bytes.",
    wayOut: "Set defaultEncryptionConfiguration.kmsKeyName.",
    source: "CIS GCP 7.3",
    judge: (graph) =>
      graph
        .ofTypes(DATASET)
        .filter(({ inputs }) => !hasKey(inputs.defaultEncryptionConfiguration))
        .map((dataset) =>
          breach(
            dataset,
            "defaultEncryptionConfiguration.kmsKeyName",
            "must be set",
            keyOf(dataset.inputs.defaultEncryptionConfiguration),
          ),
        ),
  },
];

function keyOf(encryption: unknown): unknown {
  return valueIn(encryption, "kmsKeyName");
}

function hasKey(encryption: unknown): boolean {
  return textOf(keyOf(encryption)) !== undefined;
}

/** Google rotates symmetric keys alone. */
function isAsymmetric({ purpose, versionTemplate }: Properties): boolean {
  const algorithm = textOf(valueIn(versionTemplate, "algorithm")) ?? "";
  return (textOf(purpose) ?? "ENCRYPT_DECRYPT") !== "ENCRYPT_DECRYPT" || /^(RSA|EC)_/.test(algorithm);
}

function isRotated(period: unknown): boolean {
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(textOf(period) ?? "")?.[1]);
  return seconds <= MAX_ROTATION_SECONDS;
}

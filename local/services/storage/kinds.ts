import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Asset } from "../../../review/rules/asset.ts";
import type { Report } from "../../../review/rules/rule.ts";
import { isList, nested, type Properties, text, UNKNOWN } from "../../../review/rules/values.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { Draft, KindEntry } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { lastSegment } from "../google/names.ts";
import { customerKeys } from "../kms/customer-keys.ts";
import type { ObjectDescription, ObjectStorage, StoredObject } from "./contract.ts";
import { NOTIFICATION, type NotificationParts } from "./notification-kind.ts";
import { BUCKET_NAMING, BUCKET_RULES, OBJECT_NAMING, OBJECT_RULES } from "./rules.ts";

const DAY_SECONDS = 86_400;
const BUCKET_LOCK = "https://cloud.google.com/storage/docs/bucket-lock";

interface Parts {
  readonly storage: ObjectStorage;
}

const bucket: KindEntry<Parts> = {
  token: "gcp:storage/bucket:Bucket",
  holds: "data",
  ...customerKeys([
    {
      at: "encryption.defaultKmsKeyName",
      agent: "gs-project-accounts",
      placeOf: ({ location }) => location,
      source: "https://cloud.google.com/storage/docs/encryption/customer-managed-keys",
    },
  ]),
  autoname: { property: "name", maxLength: 63, source: BUCKET_NAMING },
  defaults: () => ({ storageClass: "STANDARD", forceDestroy: false }),
  rules: BUCKET_RULES,
  unsupported(inputs, report) {
    refuseSet(
      inputs,
      [
        "autoclass",
        "cors",
        "encryption",
        "hierarchicalNamespace",
        "ipFilter",
        "logging",
        "requesterPays",
        "website",
      ],
      report,
    );
    for (const property of ["defaultEventBasedHold", "enableObjectRetention"]) {
      if (inputs[property] === true) report(property, "must be false: the local Storage has no such thing");
    }
  },
  id: (inputs) => text(inputs, "name"),
  known: ({ name }) => (typeof name === "string" ? { url: `gs://${name}` } : {}),
  outputs(draft) {
    const { inputs, id } = draft;
    refuseLooserLock(draft);
    return {
      selfLink: `https://www.googleapis.com/storage/v1/b/${id}`,
      projectNumber: Number(projectNumber(text(inputs, "project"))),
    };
  },
  assigned: {
    publicAccessPrevention: "inherited",
    uniformBucketLevelAccess: false,
    rpo: "DEFAULT",
    softDeletePolicy: { retentionDurationSeconds: 7 * DAY_SECONDS },
    versioning: { enabled: false },
    website: {},
  },
  remove({ id, properties }, { storage }) {
    if (storage.isEmpty(id)) return;
    if (properties.forceDestroy !== true) {
      throw new ProviderError(
        "FAILED_PRECONDITION",
        `Error 409: The bucket "${id}" you tried to delete is not empty. Set forceDestroy to delete it with its objects.`,
      );
    }
    if (storage.isRetaining(id)) {
      throw new ProviderError(
        "PERMISSION_DENIED",
        `Error 403: The bucket "${id}" holds objects that its retention policy keeps: they can't be deleted yet (${BUCKET_LOCK}).`,
      );
    }
    storage.clear(id);
  },
};

const bucketObject: KindEntry<Parts> = {
  token: "gcp:storage/bucketObject:BucketObject",
  references: { bucket: [bucket.token] },
  autoname: { property: "name", maxLength: 1024, source: OBJECT_NAMING },
  rules: OBJECT_RULES,
  unsupported(inputs, report) {
    refuseSet(
      inputs,
      ["contexts", "customerEncryption", "eventBasedHold", "kmsKeyName", "retention", "temporaryHold"],
      report,
    );
    const rule = inputs.source instanceof Asset ? inputs.source.unfindable : undefined;
    if (rule !== undefined) report("source", rule);
  },
  repeatable: true,
  id: (inputs) => `${text(inputs, "bucket")}-${text(inputs, "name")}`,
  known: ({ name }) => (typeof name === "string" ? { outputName: name } : {}),
  outputs: writeObject,
  assigned: { contentType: UNKNOWN, storageClass: UNKNOWN, kmsKeyName: "" },
  volatile: ["crc32c", "generation", "md5hash", "md5hexhash", "mediaLink"],
  remove({ properties }, { storage }) {
    const { bucket: bucketName, name } = properties;
    if (typeof bucketName !== "string" || typeof name !== "string") return;
    if (storage.find(bucketName, name)) storage.remove(bucketName, name);
  },
};

export const STORAGE_KINDS = googleKinds<Parts & NotificationParts>(
  import.meta.dirname,
  ["storage.googleapis.com"],
  [bucket, bucketObject, NOTIFICATION],
);

function refuseSet(inputs: Properties, properties: readonly string[], report: Report): void {
  for (const property of properties) {
    const value = inputs[property];
    const isEmpty =
      value === undefined || value === false || value === "" || (isList(value) && value.length === 0);
    if (!isEmpty) report(property, "must be absent: the local Storage has no such thing");
  }
}

/** A locked retention policy can only grow. */
function refuseLooserLock({ id, inputs, previous }: Draft): void {
  const locked = previous?.properties.retentionPolicy as
    | { isLocked?: boolean; retentionPeriod?: string }
    | undefined;
  if (locked?.isLocked !== true) return;
  const { isLocked, retentionPeriod } = nested(inputs, "retentionPolicy");
  if (isLocked === true && Number(retentionPeriod) >= Number(locked.retentionPeriod)) return;
  throw new ProviderError(
    "PERMISSION_DENIED",
    `Error 403: The retention policy of the bucket "${id}" is locked at ${locked.retentionPeriod} s: it can't be removed or reduced (${BUCKET_LOCK}).`,
  );
}

function writeObject({ inputs }: Draft, { storage }: Parts): Properties {
  const bucketName = lastSegment(text(inputs, "bucket"));
  const name = text(inputs, "name");
  const { source, content } = inputs;
  const bytes =
    source instanceof Asset ? source.bytes() : Buffer.from(typeof content === "string" ? content : "");
  const md5 = createHash("md5").update(bytes).digest();
  const description = describe(inputs);
  // A repeated create must cost neither a generation nor the second between writes: what stands there stays.
  const standing = storage.find(bucketName, name);
  const object =
    standing?.md5Hash === md5.toString("base64") && isDescribed(standing, description)
      ? standing
      : storage.write(bucketName, name, bytes, description);
  const path = `b/${bucketName}/o/${encodeURIComponent(name)}`;
  return {
    crc32c: object.crc32c,
    generation: Number(object.generation),
    md5hash: object.md5Hash,
    md5hexhash: md5.toString("hex"),
    outputName: name,
    selfLink: `https://www.googleapis.com/storage/v1/${path}`,
    mediaLink: `https://storage.googleapis.com/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
    contentType: object.contentType,
    storageClass: object.attributes.storageClass ?? "STANDARD",
  };
}

/** Headers of a download, under the names that inputs and Google's API share. */
const HEADERS = ["cacheControl", "contentDisposition", "contentEncoding", "contentLanguage"] as const;

function describe(inputs: Properties): ObjectDescription {
  const metadata = Object.entries(nested(inputs, "metadata")).map(([key, value]) => [key, String(value)]);
  const given = ["contentType", "storageClass", ...HEADERS].flatMap((name) => {
    const value = inputs[name];
    return typeof value === "string" && value !== "" ? [[name, value] as const] : [];
  });
  return {
    contentType: "application/octet-stream",
    metadata: Object.fromEntries(metadata),
    ...Object.fromEntries(given),
  };
}

function isDescribed({ attributes }: StoredObject, { storageClass, ...wanted }: ObjectDescription): boolean {
  const { storageClass: standing, ...others } = attributes;
  return isDeepStrictEqual(others, wanted) && (storageClass === undefined || storageClass === standing);
}

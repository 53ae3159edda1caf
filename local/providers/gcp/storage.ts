import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { CloudParts } from "../../cloud/parts.ts";
import { projectNumber } from "../../cloud/project-number.ts";
import { Asset } from "../asset.ts";
import type { Draft, Kind } from "../kind.ts";
import { ProviderError } from "../provider-error.ts";
import { exactlyOneOf } from "../rules/presence.ts";
import { cite, ofNumber } from "../rules/rule.ts";
import { characters, matching, oneOf } from "../rules/text.ts";
import { nested, type Properties, text, UNKNOWN } from "../values.ts";
import { lastSegment } from "./names.ts";

const NAMING = "https://cloud.google.com/storage/docs/buckets#naming";
const OBJECT_NAMING = "https://cloud.google.com/storage/docs/objects#naming";
const DAY_SECONDS = 86_400;

const bucket: Kind = {
  token: "gcp:storage/bucket:Bucket",
  autoname: { property: "name", maxLength: 63, source: NAMING },
  defaults: () => ({ storageClass: "STANDARD", forceDestroy: false }),
  rules: [
    cite(NAMING, {
      name: matching(
        /^(?!goog)(?!.*google)(?!\d+\.\d+\.\d+\.\d+$)(?!.*(\.\.|\.-|-\.))[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/,
        "must be 3 to 63 lower-case letters, digits, dashes, underscores or dots, with a letter or digit at both ends, and neither be an IP address nor hold google",
      ),
    }),
    cite("https://cloud.google.com/storage/docs/storage-classes", {
      storageClass: oneOf("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE", "MULTI_REGIONAL", "REGIONAL"),
    }),
    cite("https://cloud.google.com/storage/docs/public-access-prevention", {
      publicAccessPrevention: oneOf("enforced", "inherited"),
    }),
    cite("https://cloud.google.com/storage/docs/soft-delete#retention-duration", {
      "softDeletePolicy.retentionDurationSeconds": ofNumber((seconds) =>
        seconds === 0 || (seconds >= 7 * DAY_SECONDS && seconds <= 90 * DAY_SECONDS)
          ? undefined
          : "must be 0, or 7 to 90 days in seconds",
      ),
    }),
    cite("https://cloud.google.com/storage/docs/lifecycle#actions", {
      "lifecycleRules[].action.type": oneOf("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"),
    }),
  ],
  id: (inputs) => text(inputs, "name"),
  known: ({ name }) => (typeof name === "string" ? { url: `gs://${name}` } : {}),
  outputs: ({ inputs, id }) => ({
    selfLink: `https://www.googleapis.com/storage/v1/b/${id}`,
    projectNumber: Number(projectNumber(text(inputs, "project"))),
  }),
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
    storage.clear(id);
  },
};

const bucketObject: Kind = {
  token: "gcp:storage/bucketObject:BucketObject",
  references: { bucket: [bucket.token] },
  autoname: { property: "name", maxLength: 1024, source: OBJECT_NAMING },
  rules: [
    cite(OBJECT_NAMING, { name: characters({ from: 1, to: 1024 }) }),
    cite("https://www.pulumi.com/registry/packages/gcp/api-docs/storage/bucketobject/#inputs", {
      "": exactlyOneOf("source", "content"),
    }),
  ],
  unsupported(inputs, report) {
    for (const property of [
      "customerEncryption",
      "eventBasedHold",
      "temporaryHold",
      "retention",
      "contexts",
    ]) {
      if (inputs[property] !== undefined)
        report(property, "must be absent: the local Storage has no such thing");
    }
  },
  id: (inputs) => `${text(inputs, "bucket")}-${text(inputs, "name")}`,
  known: ({ name }) => (typeof name === "string" ? { outputName: name } : {}),
  outputs: writeObject,
  assigned: { contentType: UNKNOWN, storageClass: "STANDARD", kmsKeyName: "" },
  volatile: ["crc32c", "generation", "md5hash", "md5hexhash", "mediaLink"],
  remove({ properties }, { storage }) {
    const { bucket: bucketName, name } = properties;
    if (typeof bucketName !== "string" || typeof name !== "string") return;
    if (storage.find(bucketName, name)) storage.remove(bucketName, name);
  },
};

export const STORAGE_KINDS: readonly Kind[] = [bucket, bucketObject];

function writeObject({ inputs, programDirectory }: Draft, { storage }: CloudParts): Properties {
  const bucketName = lastSegment(text(inputs, "bucket"));
  const name = text(inputs, "name");
  const { source, content } = inputs;
  const bytes =
    source instanceof Asset
      ? source.bytes(programDirectory)
      : Buffer.from(typeof content === "string" ? content : "");
  const md5 = createHash("md5").update(bytes).digest();
  const contentType =
    typeof inputs.contentType === "string" ? inputs.contentType : "application/octet-stream";
  const metadata = Object.fromEntries(
    Object.entries(nested(inputs, "metadata")).map(([key, value]) => [key, String(value)]),
  );
  // A repeated create must cost neither a generation nor the second between writes: what stands there stays.
  const standing = storage.find(bucketName, name);
  const object =
    standing?.md5Hash === md5.toString("base64") &&
    standing.contentType === contentType &&
    isDeepStrictEqual(standing.metadata, metadata)
      ? standing
      : storage.write(bucketName, name, bytes, { contentType, metadata });
  const path = `b/${bucketName}/o/${encodeURIComponent(name)}`;
  return {
    crc32c: object.crc32c,
    generation: Number(object.generation),
    md5hash: object.md5Hash,
    md5hexhash: md5.toString("hex"),
    outputName: name,
    selfLink: `https://www.googleapis.com/storage/v1/${path}`,
    mediaLink: `https://storage.googleapis.com/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
    contentType,
  };
}

import { readBody } from "../google/read-body.ts";
import { parseBody, patchAttributes, readInsert, replaceAttributes } from "./object-attributes.ts";
import type { Target } from "./object-ledger.ts";
import { checkObjectName } from "./object-name.ts";
import { CONDITIONS } from "./object-reads.ts";
import { objectResource } from "./object-resource.ts";
import { MAX_METADATA_BYTES } from "./object-uploads.ts";
import type { Attributes } from "./object-version.ts";
import { readInteger, readPreconditions } from "./preconditions.ts";
import type { StorageCall } from "./storage-call.ts";

/** PATCH changes what it names; PUT removes what it doesn't. */
export async function describeObject(call: StorageCall, bucketName: string, name: string): Promise<void> {
  call.accept("generation", ...CONDITIONS);
  const target = readTarget(call, bucketName, name);
  call.authorize("storage.objects.update", bucketName);
  const body = parseBody(await readBody(call.request, MAX_METADATA_BYTES));
  const { storageClass } = target.bucket;
  const version = call.deps.ledger.describe(target, (attributes) =>
    call.request.method === "PATCH"
      ? patchAttributes(attributes, body, storageClass)
      : replaceAttributes(attributes, body, storageClass),
  );
  call.answerObject(version, target.bucket);
}

export function deleteObject(call: StorageCall, bucketName: string, name: string): void {
  call.accept("generation", ...CONDITIONS);
  const target = readTarget(call, bucketName, name);
  call.authorize("storage.objects.delete", bucketName);
  call.deps.ledger.delete(target);
  call.response.writeHead(204).end();
}

export interface CopyRoute {
  readonly kind: "copy" | "rewrite";
  readonly bucket: string;
  readonly name: string;
  readonly toBucket: string;
  readonly toName: string;
}

/** Both kinds of copy; a rewrite is always done in one call here. A body replaces the source's metadata. */
export async function copyObject(call: StorageCall, route: CopyRoute): Promise<void> {
  const sourceConditions = CONDITIONS.map((name) => name.replace(/^if/, "ifSource"));
  call.accept("sourceGeneration", ...CONDITIONS, ...sourceConditions);
  const from = call.bucket(route.bucket);
  const to = call.bucket(route.toBucket);
  call.authorize("storage.objects.get", from.name);
  call.authorize("storage.objects.create", to.name);
  const body = parseBody(await readBody(call.request, MAX_METADATA_BYTES));
  const name = checkObjectName(route.toName);
  const source = call.deps.ledger.require({
    bucket: from,
    name: route.name,
    generation: readInteger(call.query, "sourceGeneration"),
    preconditions: readPreconditions(call.query, "ifSource"),
  });
  using staged = call.deps.bytes.again(source);
  const replaces = Object.keys(body).length > 0;
  const created = call.deps.ledger.create({
    bucket: to,
    name,
    content: staged.content,
    attributes: replaces ? readInsert(body).attributes : copied(source.attributes),
    preconditions: readPreconditions(call.query),
    authorizeReplacement: () => call.authorize("storage.objects.delete", to.name),
  });
  const resource = objectResource(created, to, call.origin);
  const size = String(created.size);
  call.answer(
    route.kind === "copy"
      ? resource
      : {
          kind: "storage#rewriteResponse",
          totalBytesRewritten: size,
          objectSize: size,
          done: true,
          resource,
        },
  );
}

/** Its class is the destination's to say, and the rest is of the source's own life. */
function copied(source: Attributes): Attributes {
  const { storageClass: _, timeStorageClassUpdated: __, ...attributes } = source;
  return attributes;
}

function readTarget(call: StorageCall, bucketName: string, name: string): Target {
  return {
    bucket: call.bucket(bucketName),
    name,
    generation: readInteger(call.query, "generation"),
    preconditions: readPreconditions(call.query),
  };
}

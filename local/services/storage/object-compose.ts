import { z } from "zod";
import { readBody } from "../google/read-body.ts";
import type { BucketSettings } from "./bucket-settings.ts";
import { parseBody, readInsert } from "./object-attributes.ts";
import { checkObjectName } from "./object-name.ts";
import { CONDITIONS } from "./object-reads.ts";
import { MAX_METADATA_BYTES } from "./object-uploads.ts";
import type { ObjectVersion } from "./object-version.ts";
import { readPreconditions } from "./preconditions.ts";
import type { StorageCall } from "./storage-call.ts";
import { invalid } from "./storage-refusal.ts";

/** @see https://cloud.google.com/storage/docs/composite-objects */
const MOST_SOURCES = 32;

const bodySchema = z.object({
  sourceObjects: z
    .array(
      z.object({
        name: z.string().min(1),
        generation: z.union([z.string(), z.number()]).optional(),
        objectPreconditions: z
          .object({ ifGenerationMatch: z.union([z.string(), z.number()]).optional() })
          .optional(),
      }),
    )
    .min(1)
    .max(MOST_SOURCES),
  destination: z.record(z.string(), z.unknown()).default({}),
});

/**
 * `POST …/o/OBJECT/compose`: the bytes of 1 to 32 objects of the bucket, one after the other, as a new one.
 *
 * @see https://cloud.google.com/storage/docs/json_api/v1/objects/compose
 */
export async function composeObject(call: StorageCall, bucketName: string, name: string): Promise<void> {
  call.accept(...CONDITIONS);
  const bucket = call.bucket(bucketName);
  call.authorize("storage.objects.create", bucketName);
  call.authorize("storage.objects.get", bucketName);
  const parsed = bodySchema.safeParse(parseBody(await readBody(call.request, MAX_METADATA_BYTES)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`Invalid value for: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { sourceObjects, destination } = parsed.data;
  const sources = sourceObjects.map((source) => requireSource(call, bucket, source));
  const { attributes } = readInsert(destination);
  const creation = {
    bucket,
    name: checkObjectName(name),
    preconditions: readPreconditions(call.query),
    authorizeReplacement: () => call.authorize("storage.objects.delete", bucketName),
  };
  const { bytes, ledger } = call.deps;
  ledger.checkCreation(creation);
  using staged = await bytes.receive(concatenation(call, sources));
  const componentCount = sources.reduce((sum, source) => sum + (source.attributes.componentCount ?? 1), 0);
  const created = ledger.create({
    ...creation,
    content: staged.content,
    attributes: { ...attributes, componentCount },
  });
  call.answerObject(created, bucket);
}

type Source = z.infer<typeof bodySchema>["sourceObjects"][number];

function requireSource(call: StorageCall, bucket: BucketSettings, source: Source): ObjectVersion {
  const { name, generation, objectPreconditions } = source;
  const expected = objectPreconditions?.ifGenerationMatch;
  return call.deps.ledger.require({
    bucket,
    name,
    generation: generation === undefined ? undefined : Number(generation),
    preconditions: expected === undefined ? {} : { generationMatch: Number(expected) },
  });
}

async function* concatenation(call: StorageCall, sources: readonly ObjectVersion[]): AsyncGenerator<Buffer> {
  // Pinned until they are read: one that is deleted meanwhile is still part of what was asked for.
  using pins = new DisposableStack();
  for (const source of sources) pins.use(call.deps.bytes.again(source));
  for (const source of sources) yield* call.deps.bytes.read(source) as AsyncIterable<Buffer>;
}

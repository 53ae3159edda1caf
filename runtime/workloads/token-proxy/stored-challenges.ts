import { type ObjectStore, ObjectStoreError } from "../../google/object-store.ts";
import { withDeadline } from "../../workload/deadline.ts";
import type { Challenges } from "./ports.ts";

/** A CA gives up after about 10 s: an answer that comes later helps nobody. */
const DEADLINE_MS = 5_000;
/** A key authorization (RFC 8555 section 8.1) is a token, a dot and 43 characters. */
const MAX_BYTES = 1024;
const FORBIDDEN = 403;

/**
 * Challenges in a bucket, by a reader who may get objects and not list them, so that nothing
 * can be enumerated. Storage then hides absence: it asks for `storage.objects.list` where the
 * object is missing. Any other refusal is a fault of ours and no absence.
 *
 * @see https://cloud.google.com/storage/docs/json_api/v1/status-codes#403_Forbidden
 */
export function storedChallenges(bucket: Pick<ObjectStore, "read">): Challenges {
  return {
    async read(name) {
      try {
        const object = await withDeadline(`To read ${name}`, DEADLINE_MS, bucket.read(name));
        if (object && object.bytes.length > MAX_BYTES) {
          throw new Error(`${name} must hold at most ${MAX_BYTES} bytes; it has ${object.bytes.length}.`);
        }
        return object?.bytes;
      } catch (error) {
        if (isHiddenAbsence(error)) return undefined;
        throw error;
      }
    },
  };
}

function isHiddenAbsence(error: unknown): boolean {
  return (
    error instanceof ObjectStoreError &&
    error.status === FORBIDDEN &&
    error.message.includes("storage.objects.list")
  );
}

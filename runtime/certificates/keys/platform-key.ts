import { hkdfSync, randomBytes } from "node:crypto";
import * as z from "zod";
import type { ObjectStore } from "../../google/object-store.ts";

const OBJECT = "keys/api.json";
const KEY_BYTES = 32;

const keySchema = z.object({
  key: z.base64().refine((text) => Buffer.from(text, "base64").length === KEY_BYTES),
});

/**
 * A secret of the platform's own, which only its workloads can read. It is made by whoever needs it
 * first, and never changes: what customers have in their DNS is derived from it.
 */
export interface PlatformKey {
  /** A key for one purpose alone, of 32 bytes: the same each time, and no help in finding another's. */
  derive(purpose: string): Promise<Buffer>;
}

/** Kept in the registry's bucket, which is private. */
export function openPlatformKey(objects: Pick<ObjectStore, "read" | "create">): PlatformKey {
  let root: Promise<Buffer> | undefined;

  async function load(): Promise<Buffer> {
    const found = await objects.read(OBJECT);
    if (found) return parse(found.bytes);
    const key = randomBytes(KEY_BYTES);
    const outcome = await objects.create(OBJECT, JSON.stringify({ key: key.toString("base64") }));
    if (outcome === "created") return key;
    // Somebody else's was first, and counts.
    const winner = await objects.read(OBJECT);
    if (!winner) throw new Error(`"${OBJECT}" was removed while it was read.`);
    return parse(winner.bytes);
  }

  return {
    async derive(purpose) {
      root ??= load().catch((error: unknown) => {
        root = undefined;
        throw error;
      });
      return Buffer.from(hkdfSync("sha256", await root, Buffer.alloc(0), purpose, KEY_BYTES));
    },
  };
}

/** Its error says nothing of what is there. */
function parse(bytes: Buffer): Buffer {
  const parsed = keySchema.safeParse(JSON.parse(bytes.toString("utf8")));
  if (!parsed.success) throw new Error(`"${OBJECT}" must hold a key of ${KEY_BYTES} bytes in base64.`);
  return Buffer.from(parsed.data.key, "base64");
}

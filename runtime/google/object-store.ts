import { codeOf, messageOf } from "../workload/thrown.ts";

/** An object's bytes as read in one request, with the generation that they belong to. */
export interface ReadObject {
  readonly bytes: Buffer;
  /** A decimal string; only ever compared for equality. */
  readonly generation: string;
}

export interface ListedObject {
  readonly name: string;
  readonly generation: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly updated: string;
}

export interface WriteOptions {
  /** @default "application/json" */
  readonly contentType?: string;
  /** Custom metadata: what a listing shows without reading. Google allows 8 KiB for names and values together. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface ListOptions {
  readonly prefix: string;
  /** 1 to 1,000. */
  readonly pageSize: number;
  readonly pageToken?: string;
}

export interface ObjectPage {
  /** In the order of their names. */
  readonly objects: readonly ListedObject[];
  readonly nextPageToken?: string;
}

/**
 * One bucket, with the outcomes that a race can have as values. Every method is bounded in time,
 * retries what is worth retrying, and throws `ObjectStoreError` otherwise.
 *
 * Google allows one write a second for an object name; a write that comes too soon is retried
 * within the bound, so write no name often.
 */
export interface ObjectStore {
  read(name: string): Promise<ReadObject | undefined>;
  /**
   * Of any number of creators exactly one sees `created`. A creator whose reply was lost finds
   * its own bytes and sees `created` too: so bytes that must have one author hold something of his alone.
   */
  create(name: string, bytes: Uint8Array | string, options?: WriteOptions): Promise<"created" | "exists">;
  /** Writes if `generation` is still the live one. `changed` also stands for an object that is gone. */
  replace(
    name: string,
    bytes: Uint8Array | string,
    generation: string,
    options?: WriteOptions,
  ): Promise<"replaced" | "changed">;
  /** Without a generation: whatever is there. */
  remove(name: string, generation?: string): Promise<"removed" | "absent" | "changed">;
  list(options: ListOptions): Promise<ObjectPage>;
}

/** A call that failed for good, or for longer than it was given. */
export class ObjectStoreError extends Error {
  readonly code = "OBJECT_STORE";
  /** Google's HTTP status, if there was an answer. */
  readonly status: number | undefined;

  constructor(operation: string, object: string, cause: unknown) {
    super(`Storage could not ${operation} ${object}: ${messageOf(cause)}`, { cause });
    this.name = "ObjectStoreError";
    this.status = statusOf(cause);
  }
}

/** The HTTP status that a `GoogleApiError` keeps in `code`. */
export function statusOf(error: unknown): number | undefined {
  const code = Number(codeOf(error) ?? Number.NaN);
  return Number.isInteger(code) ? code : undefined;
}

import type { Readable } from "node:stream";
import type { HttpApi } from "../../kernel/contract.ts";

export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
  readonly generation: string;
  readonly metageneration: string;
  readonly size: number;
  readonly sha256: string;
  /** Base64, as in Google's object resource. */
  readonly md5Hash: string;
  readonly crc32c: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** All that was said of it, those two among it. */
  readonly attributes: ObjectDescription;
  readonly timeCreated: string;
  readonly updated: string;
}

/** What a writer says of an object beside its bytes, under Google's names. */
export interface ObjectDescription {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly contentDisposition?: string;
  readonly contentLanguage?: string;
  readonly cacheControl?: string;
  readonly storageClass?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Storage as the cloud itself uses it, without IAM. */
export interface ObjectStorage {
  find(bucket: string, name: string, generation?: string): StoredObject | undefined;
  /** The bytes, once for each call. */
  read(object: StoredObject): Readable;
  write(bucket: string, name: string, bytes: Buffer, options?: ObjectDescription): StoredObject;
  remove(bucket: string, name: string): void;
  isEmpty(bucket: string): boolean;
  /** Whether it holds an object that its retention policy keeps. */
  isRetaining(bucket: string): boolean;
  /** Removes all objects: `forceDestroy`. */
  clear(bucket: string): void;
  readonly api: HttpApi;
}

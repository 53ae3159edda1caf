import type { BucketSettings } from "./bucket-settings.ts";
import type { ObjectVersion } from "./object-version.ts";

/** @see https://cloud.google.com/storage/docs/pubsub-notifications#events */
export const EVENT_TYPES = [
  "OBJECT_FINALIZE",
  "OBJECT_METADATA_UPDATE",
  "OBJECT_DELETE",
  "OBJECT_ARCHIVE",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Something that happened to a generation of an object. */
export interface ObjectEvent {
  readonly type: EventType;
  readonly bucket: BucketSettings;
  /** As it is after a change of it, and as it was before its end. */
  readonly version: ObjectVersion;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of a new generation: the one that was live until then. */
  readonly overwroteGeneration?: string | undefined;
  /** Of one that went: the one that took its place. */
  readonly overwrittenByGeneration?: string | undefined;
}

import type { CloudResource, ResourceStore } from "../../kernel/contract.ts";
import { BUCKET_KIND } from "./bucket-settings.ts";
import { EVENT_TYPES, type EventType } from "./object-event.ts";

/** Pulumi's type token. */
export const NOTIFICATION_KIND = "gcp:storage/notification:Notification";

export interface NotificationSettings {
  /** Unique in its bucket. */
  readonly id: string;
  readonly bucket: string;
  /** `projects/P/topics/T`. */
  readonly topic: string;
  readonly payloadFormat: "JSON_API_V1" | "NONE";
  readonly eventTypes: readonly EventType[];
  readonly objectNamePrefix: string;
  readonly customAttributes: Readonly<Record<string, string>>;
  /** Whether `eventTypes` says all because the program said none. */
  readonly isForAllEvents: boolean;
}

/** Those of a bucket, in the order in which they were made. */
export function notificationsOf(resources: ResourceStore, bucket: string): readonly NotificationSettings[] {
  const project = String(resources.get(BUCKET_KIND, bucket)?.properties.project ?? "");
  return resources
    .list(NOTIFICATION_KIND)
    .filter(({ id }) => id.startsWith(`${bucket}/`))
    .map((resource) => toSettings(resource, project));
}

/** The topic in any of the forms that the provider takes, `//pubsub.googleapis.com/projects/P/topics/T` among them. */
export function topicId(topic: string, project: string): string {
  const id = topic.replace(/^\/\/pubsub\.googleapis\.com\//, "");
  return id.startsWith("projects/") ? id : `projects/${project}/topics/${id}`;
}

function toSettings({ id, properties }: CloudResource, project: string): NotificationSettings {
  const eventTypes = (properties.eventTypes ?? []) as readonly EventType[];
  return {
    id: id.slice(id.lastIndexOf("/") + 1),
    bucket: id.slice(0, id.indexOf("/")),
    topic: topicId(String(properties.topic), project),
    payloadFormat: properties.payloadFormat === "NONE" ? "NONE" : "JSON_API_V1",
    eventTypes: eventTypes.length > 0 ? eventTypes : EVENT_TYPES,
    objectNamePrefix: String(properties.objectNamePrefix ?? ""),
    customAttributes: (properties.customAttributes ?? {}) as Record<string, string>,
    isForAllEvents: eventTypes.length === 0,
  };
}

import { type NotificationSettings, notificationsOf } from "./notification-settings.ts";
import type { StorageCall } from "./storage-call.ts";
import { StorageRefusal } from "./storage-refusal.ts";

/** `GET …/b/BUCKET/notificationConfigs`. */
export function getNotifications(call: StorageCall, bucketName: string): void {
  const items = authorized(call, bucketName).map((settings) => describe(call, settings));
  call.answer({ kind: "storage#notifications", ...(items.length > 0 && { items }) });
}

/** `GET …/b/BUCKET/notificationConfigs/ID`. */
export function getNotification(call: StorageCall, bucketName: string, id: string): void {
  const settings = authorized(call, bucketName).find((each) => each.id === id);
  if (!settings) throw new StorageRefusal(404, "notFound", `No such notification: ${bucketName}/${id}`);
  call.answer(describe(call, settings));
}

function authorized(call: StorageCall, bucketName: string): readonly NotificationSettings[] {
  call.accept();
  call.bucket(bucketName);
  call.authorize("storage.buckets.get", bucketName);
  return notificationsOf(call.deps.kernel.resources, bucketName);
}

/** @see https://cloud.google.com/storage/docs/json_api/v1/notifications#resource */
function describe(call: StorageCall, settings: NotificationSettings): object {
  const { id, bucket, topic, payloadFormat, eventTypes, objectNamePrefix, customAttributes } = settings;
  return {
    kind: "storage#notification",
    id,
    selfLink: `${call.origin}/storage/v1/b/${encodeURIComponent(bucket)}/notificationConfigs/${id}`,
    topic: `//pubsub.googleapis.com/${topic}`,
    payload_format: payloadFormat,
    ...(!settings.isForAllEvents && { event_types: eventTypes }),
    ...(objectNamePrefix !== "" && { object_name_prefix: objectNamePrefix }),
    ...(Object.keys(customAttributes).length > 0 && { custom_attributes: customAttributes }),
    etag: id,
  };
}

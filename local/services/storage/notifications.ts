import type { Kernel } from "../../kernel/contract.ts";
import type { PubSub } from "../pubsub/contract.ts";
import type { NotificationSettings } from "./notification-settings.ts";
import { notificationsOf } from "./notification-settings.ts";
import type { ObjectEvent } from "./object-event.ts";
import { objectResource } from "./object-resource.ts";
import { serviceAgent } from "./service-agent.ts";

const ORIGIN = "https://www.googleapis.com";

/** Publishes as the cloud itself. @throws for an absent topic. */
export type Publish = PubSub["publish"];

/**
 * Tells buckets' topics what happens to their objects. Within the transaction of what happened, so
 * that neither is without the other.
 *
 * @see https://cloud.google.com/storage/docs/pubsub-notifications
 */
export class Notifications {
  readonly #kernel: Kernel;
  readonly #publish: Publish;

  constructor(kernel: Kernel, publish: Publish) {
    this.#kernel = kernel;
    this.#publish = publish;
  }

  send(event: ObjectEvent): void {
    for (const settings of notificationsOf(this.#kernel.resources, event.bucket.name)) {
      if (!settings.eventTypes.includes(event.type)) continue;
      if (event.version.name.startsWith(settings.objectNamePrefix)) this.#sendTo(settings, event);
    }
  }

  /** What can't be published is lost, as at Google in the end; the object's change is not. */
  #sendTo(settings: NotificationSettings, event: ObjectEvent): void {
    const { iam, logging } = this.#kernel;
    const agent = serviceAgent(event.bucket.project);
    const subject = `${event.type} of ${event.bucket.name}/${event.version.name}`;
    try {
      iam.require(agent, "pubsub.topics.publish", settings.topic);
      this.#publish(settings.topic, {
        data: payloadOf(settings, event),
        attributes: attributesOf(settings, event),
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The notification ${settings.id} of ${subject} is lost: ${reason}`;
      logging.write({ severity: "ERROR", source: "storage", message });
    }
  }
}

function payloadOf({ payloadFormat }: NotificationSettings, { bucket, version }: ObjectEvent): Buffer {
  if (payloadFormat === "NONE") return Buffer.alloc(0);
  return Buffer.from(JSON.stringify(objectResource(version, bucket, ORIGIN)));
}

/** @see https://cloud.google.com/storage/docs/pubsub-notifications#attributes */
function attributesOf(settings: NotificationSettings, event: ObjectEvent): Record<string, string> {
  const { bucket, version, type, at, overwroteGeneration, overwrittenByGeneration } = event;
  return {
    ...settings.customAttributes,
    notificationConfig: `projects/_/buckets/${bucket.name}/notificationConfigs/${settings.id}`,
    eventType: type,
    payloadFormat: settings.payloadFormat,
    bucketId: bucket.name,
    objectId: version.name,
    objectGeneration: version.generation,
    eventTime: new Date(at).toISOString(),
    ...(overwroteGeneration !== undefined && { overwroteGeneration }),
    ...(overwrittenByGeneration !== undefined && { overwrittenByGeneration }),
  };
}

import { listed, type Properties, text } from "../../../review/rules/values.ts";
import type { Kernel } from "../../kernel/contract.ts";
import { stableNumber } from "../../kernel/stable-number.ts";
import type { Draft, KindEntry } from "../../provider/kind.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { doubtGrants } from "../google/agent-grants.ts";
import { lastSegment } from "../google/names.ts";
import { TOPIC_KIND } from "../pubsub/topic-settings.ts";
import { BUCKET_KIND } from "./bucket-settings.ts";
import { NOTIFICATION_KIND, notificationsOf, topicId } from "./notification-settings.ts";
import { EVENT_TYPES } from "./object-event.ts";
import { NOTIFICATION_RULES } from "./rules.ts";
import { serviceAgent } from "./service-agent.ts";

const SOURCE = "https://cloud.google.com/storage/docs/pubsub-notifications";
const MOST_A_BUCKET = 100;
const MOST_AN_EVENT = 10;

export interface NotificationParts {
  readonly kernel: Kernel;
}

/** Where changes of a bucket's objects are told. */
export const NOTIFICATION: KindEntry<NotificationParts> = {
  token: NOTIFICATION_KIND,
  references: { bucket: [BUCKET_KIND], topic: [TOPIC_KIND] },
  rules: NOTIFICATION_RULES,
  doubt: doubtGrants([
    {
      at: "topic",
      kind: TOPIC_KIND,
      grants: "gcp:pubsub/topicIAMMember:TopicIAMMember",
      grantedAt: "topic",
      roles: /^roles\/(owner|editor|pubsub\.(admin|editor|publisher))$/,
      agent: "gs-project-accounts",
      source: SOURCE,
    },
  ]),
  chosenId: true,
  id: (inputs, urn) => `${bucketOf(inputs)}/notificationConfigs/${idOf(urn)}`,
  outputs: checkNotification,
};

function checkNotification({ id, inputs, urn }: Draft, { kernel }: NotificationParts): Properties {
  const bucketName = bucketOf(inputs);
  const others = notificationsOf(kernel.resources, bucketName).filter((other) => other.id !== idOf(urn));
  if (others.length >= MOST_A_BUCKET) {
    refuse("FAILED_PRECONDITION", `${id}: a bucket can have ${MOST_A_BUCKET} notifications`);
  }
  const asked = listed(inputs, "eventTypes");
  for (const type of asked.length > 0 ? asked : EVENT_TYPES) {
    if (others.filter(({ eventTypes }) => eventTypes.some((other) => other === type)).length < MOST_AN_EVENT)
      continue;
    refuse(
      "FAILED_PRECONDITION",
      `${id}: a bucket can have ${MOST_AN_EVENT} notifications of ${String(type)}`,
    );
  }
  const project = String(kernel.resources.get(BUCKET_KIND, bucketName)?.properties.project ?? "");
  const agent = serviceAgent(project);
  const topic = topicId(text(inputs, "topic"), project);
  if (!kernel.iam.allows(agent, "pubsub.topics.publish", topic)) {
    refuse(
      "PERMISSION_DENIED",
      `${id}: Storage's service agent ${agent.email} must have pubsub.topics.publish on ${topic} first`,
    );
  }
  return {
    notificationId: idOf(urn),
    selfLink: `https://www.googleapis.com/storage/v1/b/${bucketName}/notificationConfigs/${idOf(urn)}`,
  };
}

function refuse(code: "FAILED_PRECONDITION" | "PERMISSION_DENIED", sentence: string): never {
  throw new ProviderError(
    code,
    `Error ${code === "PERMISSION_DENIED" ? 403 : 400}: ${sentence} (${SOURCE}).`,
  );
}

function bucketOf(inputs: Properties): string {
  return lastSegment(text(inputs, "bucket"));
}

/** Google counts from 1; here the same resource has the same number every time. */
function idOf(urn: string): string {
  return stableNumber(urn, 6);
}

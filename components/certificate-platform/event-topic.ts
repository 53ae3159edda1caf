import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { StageTopic } from "../messaging/stage-topic.ts";

export interface EventTopicArgs {
  /** Who may publish, by the name of their grant. */
  readonly publishers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Members who may attach subscriptions of their own, by the name of their grant. */
  readonly subscribers: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Where others hear what becomes of domains. Their subscriptions are theirs: a backlog there is no trouble here. */
export class EventTopic extends pulumi.ComponentResource {
  /** `projects/P/topics/T` */
  readonly topicId: pulumi.Output<string>;

  constructor(name: string, args: EventTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:EventTopic", name, args, opts);

    const { publishers, subscribers } = args;
    const { topicId } = new StageTopic(name, { publishers }, { parent: this });
    for (const [subscriber, member] of Object.entries(subscribers)) {
      new gcp.pubsub.TopicIAMMember(
        `${name}-subscriber-${subscriber}`,
        { topic: topicId, role: "roles/pubsub.subscriber", member },
        { parent: this },
      );
    }

    this.topicId = topicId;
    this.registerOutputs({ topicId: this.topicId });
  }
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface StageTopicArgs {
  /** Who may publish, by the name of their grant. */
  readonly publishers: Readonly<Record<string, pulumi.Input<string>>>;
}

/** Where a stage's work comes in. Apart from `Stage`, so that a service can both publish here and be pushed to. */
export class StageTopic extends pulumi.ComponentResource {
  /** `projects/P/topics/T` */
  readonly topicId: pulumi.Output<string>;

  constructor(name: string, args: StageTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:StageTopic", name, args, opts);

    const topic = new gcp.pubsub.Topic(name, {}, { parent: this });
    for (const [publisher, member] of Object.entries(args.publishers)) {
      new gcp.pubsub.TopicIAMMember(
        `${name}-publisher-${publisher}`,
        { topic: topic.name, role: "roles/pubsub.publisher", member },
        { parent: this },
      );
    }

    this.topicId = topic.id;
    this.registerOutputs({ topicId: this.topicId });
  }
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Alerting, documentation } from "../foundation/alert-channels.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";

const DAY_SECONDS = 86_400;
/** Long enough for an order at a slow CA; Pub/Sub's own maximum. */
const ACK_DEADLINE_SECONDS = 600;
/** How long a message may wait for its end, several redeliveries included, before somebody is told. */
const WAITING_ALERT_SECONDS = 1_800;
/** How long a dead letter may lie before somebody is told. */
const DEAD_LETTER_ALERT_SECONDS = 300;

export interface StageArgs {
  readonly topic: pulumi.Input<string>;
  /** The `run.app` URI that is pushed to, and that the token of each push is for. */
  readonly endpoint: pulumi.Input<string>;
  /** The account whose token goes with each push. */
  readonly pusher: Pick<ServiceIdentity, "email" | "accountName">;
  /** Pub/Sub's own account in this project, `serviceAccount:…`: it signs pushes and moves dead letters. */
  readonly pubsubAgent: pulumi.Input<string>;
  /** Who may look at dead letters and take them away, by the name of their grant. */
  readonly deadLetterReaders: Readonly<Record<string, pulumi.Input<string>>>;
  /** 5 to 100. @default 10 */
  readonly maxDeliveryAttempts?: number;
  /** Whole seconds before the first redelivery, and at most. */
  readonly backoffSeconds: { readonly minimum: number; readonly maximum: number };
  readonly alerting: Alerting;
  /** Keeps the subscriptions from being deleted or replaced: what waits in them would be lost. */
  readonly protect: boolean;
}

/** A push subscription with all that keeps a message from being lost: backoff, dead letters that are kept, and an alert on them. */
export class Stage extends pulumi.ComponentResource {
  readonly subscriptionId: pulumi.Output<string>;
  readonly deadLetterTopicId: pulumi.Output<string>;
  /** `projects/P/subscriptions/S` */
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: StageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:Stage", name, args, opts);

    const { maxDeliveryAttempts = 10, backoffSeconds, protect } = args;
    if (!Number.isInteger(maxDeliveryAttempts) || maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100) {
      throw new pulumi.ResourceError(
        `Stage "${name}": maxDeliveryAttempts must be a whole number from 5 to 100; got ${maxDeliveryAttempts}.`,
        this,
        true,
      );
    }

    const deadLetters = new gcp.pubsub.Topic(`${name}-dead`, {}, { parent: this });
    const keptDeadLetters = new gcp.pubsub.Subscription(
      `${name}-dead`,
      {
        topic: deadLetters.id,
        expirationPolicy: { ttl: "" },
        messageRetentionDuration: `${31 * DAY_SECONDS}s`,
      },
      { parent: this, protect },
    );
    for (const [reader, member] of Object.entries(args.deadLetterReaders)) {
      new gcp.pubsub.SubscriptionIAMMember(
        `${name}-dead-reader-${reader}`,
        { subscription: keptDeadLetters.name, role: "roles/pubsub.subscriber", member },
        { parent: this },
      );
    }
    const mayBury = new gcp.pubsub.TopicIAMMember(
      `${name}-dead-publisher`,
      { topic: deadLetters.name, role: "roles/pubsub.publisher", member: args.pubsubAgent },
      { parent: this },
    );
    // Google grants the agent this by itself only where Pub/Sub was in use before the agent was asked for.
    const maySign = new gcp.serviceaccount.IAMMember(
      `${name}-signer`,
      {
        serviceAccountId: args.pusher.accountName,
        role: "roles/iam.serviceAccountOpenIdTokenCreator",
        member: args.pubsubAgent,
      },
      { parent: this },
    );

    const subscription = new gcp.pubsub.Subscription(
      name,
      {
        topic: args.topic,
        ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
        expirationPolicy: { ttl: "" },
        messageRetentionDuration: `${7 * DAY_SECONDS}s`,
        pushConfig: {
          pushEndpoint: args.endpoint,
          oidcToken: { serviceAccountEmail: args.pusher.email, audience: args.endpoint },
          // As the API answers: left out, it may differ for ever.
          attributes: { "x-goog-version": "v1" },
        },
        retryPolicy: {
          minimumBackoff: `${backoffSeconds.minimum}s`,
          maximumBackoff: `${backoffSeconds.maximum}s`,
        },
        deadLetterPolicy: { deadLetterTopic: deadLetters.id, maxDeliveryAttempts },
      },
      // Without a subscription of its own a dead letter would be lost on arrival.
      { parent: this, protect, dependsOn: [keptDeadLetters, mayBury, maySign] },
    );
    new gcp.pubsub.SubscriptionIAMMember(
      `${name}-subscriber`,
      { subscription: subscription.name, role: "roles/pubsub.subscriber", member: args.pubsubAgent },
      { parent: this },
    );

    new gcp.monitoring.AlertPolicy(
      `${name}-dead`,
      {
        displayName: `${name}: a message could not be processed`,
        combiner: "OR",
        severity: "ERROR",
        notificationChannels: [...args.alerting.channels],
        conditions: [
          {
            displayName: `A dead letter is older than ${DEAD_LETTER_ALERT_SECONDS} s`,
            conditionThreshold: {
              filter: pulumi.interpolate`resource.type="pubsub_subscription" AND resource.labels.subscription_id="${keptDeadLetters.name}" AND metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"`,
              comparison: "COMPARISON_GT",
              thresholdValue: DEAD_LETTER_ALERT_SECONDS,
              duration: "0s",
              aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_MAX" }],
            },
          },
        ],
        documentation: documentation(
          `Messages of \`${name}\` failed ${maxDeliveryAttempts} times. Read the service's errors, mend the cause, then publish the dead letters again: npm run deadletters.`,
          "dead-letters",
          args.alerting,
        ),
      },
      { parent: this },
    );

    new gcp.monitoring.AlertPolicy(
      `${name}-waiting`,
      {
        displayName: `${name}: messages wait too long`,
        combiner: "OR",
        severity: "WARNING",
        notificationChannels: [...args.alerting.channels],
        conditions: [
          {
            displayName: `The oldest message has waited for ${WAITING_ALERT_SECONDS} s, for five minutes`,
            conditionThreshold: {
              filter: pulumi.interpolate`resource.type="pubsub_subscription" AND resource.labels.subscription_id="${subscription.name}" AND metric.type="pubsub.googleapis.com/subscription/oldest_unacked_message_age"`,
              comparison: "COMPARISON_GT",
              thresholdValue: WAITING_ALERT_SECONDS,
              duration: "300s",
              aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_MAX" }],
            },
          },
        ],
        documentation: documentation(
          `\`${name}\` does not keep up, or one of its messages fails again and again. Its log says which; more instances help only against the first.`,
          "messages-wait",
          args.alerting,
        ),
      },
      { parent: this },
    );

    this.subscriptionId = subscription.id;
    this.deadLetterTopicId = deadLetters.id;
    this.deadLetterSubscriptionId = keptDeadLetters.id;
    this.registerOutputs({
      subscriptionId: this.subscriptionId,
      deadLetterTopicId: this.deadLetterTopicId,
      deadLetterSubscriptionId: this.deadLetterSubscriptionId,
    });
  }
}

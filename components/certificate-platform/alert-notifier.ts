import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/alert-notifier/env.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import { ScheduledWorkload } from "../messaging/scheduled-workload.ts";
import { keepSecret, type WorkloadSecret } from "../serverless/workload-secret.ts";
import type { CertificateHost } from "./workloads.ts";

const EVERY_MINUTE = "* * * * *";

/** Where people hear of problems. Who is not named hears nothing. */
export interface AlertDestinations {
  /** URL of an incoming webhook of Slack. */
  readonly slackWebhookUrl?: pulumi.Input<string> | undefined;
  /** Client key of a Sentry project, a URL. */
  readonly sentryDsn?: pulumi.Input<string> | undefined;
}

export interface AlertNotifierArgs {
  readonly host: CertificateHost;
  /** The account under which Cloud Scheduler calls. */
  readonly caller: ServiceIdentity;
  readonly registryBucket: pulumi.Input<string>;
  readonly destinations: AlertDestinations;
  readonly platformName: string;
  /** URL of the folder of runbooks. */
  readonly runbooksUrl: string;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
}

/** Tells people of domains' problems, once when one opens and once when it is over. */
export class AlertNotifier extends pulumi.ComponentResource {
  constructor(name: string, args: AlertNotifierArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:AlertNotifier", name, {}, opts);

    const { host, destinations, grantDelaySeconds } = args;
    const workload = host.workload("alert-notifier");
    const kept = (key: string, value: pulumi.Input<string> | undefined): WorkloadSecret | undefined =>
      value === undefined
        ? undefined
        : keepSecret(
            `${name}-${key}`,
            { value, readers: { notifier: workload.identity.member }, grantDelaySeconds },
            this,
          );
    const slack = kept("slack", destinations.slackWebhookUrl);
    const sentry = kept("sentry", destinations.sentryDsn);
    new ScheduledWorkload<typeof envSchema>(
      name,
      {
        workload,
        cron: EVERY_MINUTE,
        caller: args.caller,
        env: {
          REGISTRY_BUCKET: args.registryBucket,
          PLATFORM_NAME: args.platformName,
          RUNBOOKS_URL: args.runbooksUrl,
          SLACK_WEBHOOK_URL: slack?.reference ?? "",
          SENTRY_DSN: sentry?.reference ?? "",
        },
        after: [...(slack?.grants ?? []), ...(sentry?.grants ?? [])],
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface AlertChannelsArgs {
  /** E-mail addresses, by a stable name. */
  readonly emails: Readonly<Record<string, string>>;
}

/** Whom a platform tells when it cannot help itself. */
export class AlertChannels extends pulumi.ComponentResource {
  /** Names of the notification channels. */
  readonly channels: readonly pulumi.Output<string>[];

  constructor(name: string, { emails }: AlertChannelsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:PlatformAlerts", name, {}, opts);

    this.channels = Object.entries(emails).map(
      ([key, email]) =>
        new gcp.monitoring.NotificationChannel(
          `${name}-alerts-${key}`,
          { type: "email", displayName: `${name}: ${key}`, labels: { email_address: email } },
          { parent: this },
        ).name,
    );
    this.registerOutputs({ channels: this.channels });
  }
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

export interface AlertChannelsArgs {
  /** E-mail addresses, by a stable name. */
  readonly emails: Readonly<Record<string, string>>;
}

/** How whoever is woken hears of it, and where he finds what to do. */
export interface Alerting {
  /** Names of notification channels. */
  readonly channels: readonly pulumi.Input<string>[];
  /** URL of the folder of runbooks, `docs/runbooks` of this repository. */
  readonly runbooksUrl: string;
}

/** Of an alert policy: what to do first, in Markdown, and the runbook that says the rest, by its file's name. */
export function documentation(
  advice: string,
  runbook: string,
  { runbooksUrl }: Alerting,
): gcp.types.input.monitoring.AlertPolicyDocumentation {
  const url = `${runbooksUrl.replace(/\/$/, "")}/${runbook}.md`;
  return { mimeType: "text/markdown", content: advice, links: [{ displayName: "Runbook", url }] };
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

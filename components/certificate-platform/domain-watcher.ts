import * as pulumi from "@pulumi/pulumi";
import type { envSchema } from "../../runtime/workloads/domain-watcher/env.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import { ScheduledWorkload } from "../messaging/scheduled-workload.ts";
import type { CertificateHost } from "./workloads.ts";

const EVERY_MINUTE = "* * * * *";

export interface DomainWatcherArgs {
  readonly host: CertificateHost;
  /** The account under which Cloud Scheduler calls. */
  readonly caller: ServiceIdentity;
  /** Of the domain API, through the load balancer. */
  readonly apiUrl: string;
  readonly apiAudience: string;
  readonly checkingTopic: pulumi.Input<string>;
  /** Whole minutes within which each domain is checked once, 1 to 1,440. */
  readonly checkIntervalMinutes: number;
}

/** Asks for a check of each domain in its turn, and of each where something is due. */
export class DomainWatcher extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;

  constructor(name: string, args: DomainWatcherArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:DomainWatcher", name, {}, opts);

    const { serviceName } = new ScheduledWorkload<typeof envSchema>(
      name,
      {
        workload: args.host.workload("domain-watcher"),
        cron: EVERY_MINUTE,
        caller: args.caller,
        env: {
          API_URL: args.apiUrl,
          API_AUDIENCE: args.apiAudience,
          CHECKING_TOPIC: args.checkingTopic,
          CHECK_INTERVAL_MINUTES: String(args.checkIntervalMinutes),
        },
      },
      { parent: this },
    );

    this.serviceName = serviceName;
    this.registerOutputs({ serviceName: this.serviceName });
  }
}

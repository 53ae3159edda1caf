import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import type { Environment } from "../serverless/environment.ts";
import { FaultAlert } from "../serverless/fault-alert.ts";
import type { WorkloadSettings } from "../serverless/workload-args.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import { Stage } from "./stage.ts";

/** What every push handler's environment holds: whose pushes it takes. */
type PushVariable = "PUSH_SERVICE_ACCOUNT";

/** Where a stage stands in a platform, whatever it does. */
export interface StageSettings extends WorkloadSettings {
  /** The account under which Pub/Sub pushes. */
  readonly pusher: ServiceIdentity;
  /** Id of the topic whose messages it works on. */
  readonly topic: pulumi.Input<string>;
  /** Pub/Sub's own account in this project, `serviceAccount:…`. */
  readonly pubsubAgent: pulumi.Input<string>;
  /** Names of notification channels for the alerts on its faults and on the oldest dead letter. */
  readonly notificationChannels: readonly pulumi.Input<string>[];
}

export interface StageWorkloadArgs<Schema extends z.ZodType> extends StageSettings {
  /** The folder in `runtime/` that is deployed. */
  readonly workload: string;
  readonly env: Omit<Environment<Schema>, PushVariable>;
  /** Messages that one instance works on at a time. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** What must stand before the first instance can start. */
  readonly after: readonly pulumi.Resource[];
}

/** A workload that Pub/Sub pushes to and nobody else reaches, with the stage that feeds it. */
export class StageWorkload<Schema extends z.ZodType> extends pulumi.ComponentResource {
  constructor(name: string, args: StageWorkloadArgs<Schema>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:StageWorkload", name, {}, opts);

    const { pusher } = args;
    const pushVariables: Record<PushVariable, pulumi.Input<string>> = {
      PUSH_SERVICE_ACCOUNT: pusher.email,
    };
    const service = new WorkloadService<z.ZodType>(
      name,
      {
        ...args,
        env: { ...args.env, ...pushVariables },
        ingress: "internal",
        invokers: { pusher: pusher.member },
      },
      { parent: this },
    );
    new Stage(
      name,
      {
        topic: args.topic,
        endpoint: service.uri,
        pusher,
        pubsubAgent: args.pubsubAgent,
        backoffSeconds: { minimum: 1, maximum: 600 },
        notificationChannels: args.notificationChannels,
        protect: args.protect,
      },
      { parent: this },
    );

    const { serviceName } = service;
    const { notificationChannels } = args;
    new FaultAlert(name, { serviceName, notificationChannels }, { parent: this });

    this.registerOutputs({});
  }
}

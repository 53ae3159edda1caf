import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import type { Environment } from "../serverless/environment.ts";
import { FaultAlert } from "../serverless/fault-alert.ts";
import type { HostedWorkload } from "../serverless/hosted-workload.ts";
import { WorkloadService } from "../serverless/workload-service.ts";
import { Stage } from "./stage.ts";

/** What every push handler's environment holds: whose pushes it takes. */
type PushVariable = "PUSH_SERVICE_ACCOUNT";

/** Where a stage's messages come from. */
export interface StageSource {
  /** Id of the topic whose messages it works on. */
  readonly topic: pulumi.Input<string>;
  /** The account under which Pub/Sub pushes. */
  readonly pusher: ServiceIdentity;
  /** The account that may take dead letters. */
  readonly operator: ServiceIdentity;
}

export interface StageWorkloadArgs<Schema extends z.ZodType> {
  readonly workload: HostedWorkload;
  readonly source: StageSource;
  readonly env: Omit<Environment<Schema>, PushVariable>;
  /** What must stand before the first instance can start. */
  readonly after: readonly pulumi.Resource[];
}

/** A workload that Pub/Sub pushes to and nobody else reaches, with the stage that feeds it. */
export class StageWorkload<Schema extends z.ZodType> extends pulumi.ComponentResource {
  readonly serviceName: pulumi.Output<string>;
  readonly deadLetterSubscriptionId: pulumi.Output<string>;

  constructor(name: string, args: StageWorkloadArgs<Schema>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:serverless:StageWorkload", name, {}, opts);

    const { workload, after } = args;
    const { topic, pusher, operator } = args.source;
    const { alerting, pubsubAgent, protect } = workload;
    const pushVariables: Record<PushVariable, pulumi.Input<string>> = {
      PUSH_SERVICE_ACCOUNT: pusher.email,
    };
    const { serviceName, uri } = new WorkloadService<z.ZodType>(
      name,
      {
        workload,
        env: { ...args.env, ...pushVariables },
        ingress: "internal",
        invokers: { pusher: pusher.member },
        after,
      },
      { parent: this },
    );
    const stage = new Stage(
      name,
      {
        topic,
        endpoint: uri,
        pusher,
        pubsubAgent,
        deadLetterReaders: { operator: operator.member },
        backoffSeconds: { minimum: 1, maximum: 600 },
        alerting,
        protect,
      },
      { parent: this },
    );
    new FaultAlert(name, { serviceName, alerting }, { parent: this });

    this.serviceName = serviceName;
    this.deadLetterSubscriptionId = stage.deadLetterSubscriptionId;
    this.registerOutputs({
      serviceName: this.serviceName,
      deadLetterSubscriptionId: this.deadLetterSubscriptionId,
    });
  }
}

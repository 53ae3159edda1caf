import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { Environment } from "./environment.ts";
import type { HostedWorkload } from "./hosted-workload.ts";

export interface WorkloadServiceArgs<Schema extends z.ZodType> {
  readonly workload: HostedWorkload;
  readonly env: Environment<Schema>;
  /** "internal" admits Pub/Sub alone; "loadBalancer" adds the load balancer. Nothing is reachable at run.app. */
  readonly ingress: "internal" | "loadBalancer";
  /** Members who may call, by the name of their grant. */
  readonly invokers: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * What callers' tokens may be for, beside the service's own URI; a function has that alone.
   * @default none
   */
  readonly audiences?: readonly string[];
  /** What must stand before the first instance can start: grants on secrets, for one. */
  readonly after?: readonly pulumi.Resource[];
}

/** How others reach a workload, whatever it was packaged as. */
export interface WorkloadAddress {
  /** Of the Cloud Run service, which a function has too. */
  readonly serviceName: pulumi.Output<string>;
  readonly uri: pulumi.Output<string>;
}

import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import type { Environment } from "./environment.ts";
import type { Packaging } from "./packaging.ts";

/** How many instances, and how busy: differs between environments. */
export interface Scaling {
  readonly minInstances: number;
  readonly maxInstances: number;
}

/** Where a service stands in a platform, whatever it does. */
export interface WorkloadSettings {
  readonly region: pulumi.Input<string>;
  readonly packaging: Packaging;
  /** The bucket that holds code. */
  readonly codeBucket: pulumi.Input<string>;
  readonly identity: ServiceIdentity;
  readonly scaling: Scaling;
  /** Keeps the service, and what waits for it, from being deleted. */
  readonly protect: boolean;
}

export interface WorkloadServiceArgs<Schema extends z.ZodType> extends WorkloadSettings {
  /** The folder in `runtime/` that is deployed. */
  readonly workload: string;
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
  /** Requests that one instance serves at a time. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** What must stand before the first instance can start: grants on secrets, for one. */
  readonly after?: readonly pulumi.Resource[];
}

/** How others reach a workload, whatever it was packaged as. */
export interface WorkloadAddress {
  /** Of the Cloud Run service, which a function has too. */
  readonly serviceName: pulumi.Output<string>;
  readonly uri: pulumi.Output<string>;
}

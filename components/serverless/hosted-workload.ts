import type * as pulumi from "@pulumi/pulumi";
import type { Alerting } from "../foundation/alert-channels.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import type { Packaging, PackagingChoice } from "./packaging.ts";
import type { CpuCount } from "./workload-size.ts";

/** What of a workload is the same in every environment: a line of its platform's list. */
export interface WorkloadDefinition {
  /** For readers of an audit log. */
  readonly title: string;
  /** Names the workload's account and its grants: short, since an account's id has 30 characters. */
  readonly account: string;
  /** How its code may reach Google. */
  readonly packaging: readonly PackagingChoice["kind"][];
  /** Requests, or pushed messages, that one instance works on at a time. */
  readonly concurrency: number;
  /** For one request; Pub/Sub waits 600 at most for an answer to a push. */
  readonly timeoutSeconds: number;
}

/** What an environment decides about a workload. */
export interface WorkloadChoice {
  readonly minInstances: number;
  readonly maxInstances: number;
  /** @default 1 */
  readonly cpu?: CpuCount;
  /** A whole number of Mi or Gi. @default 512Mi, four times what the largest workload needs idle */
  readonly memory?: string;
  /** @default a bundle, which needs no build */
  readonly packaging?: PackagingChoice;
}

/** A workload of the list with all that is decided about it outside of its own component. */
export interface HostedWorkload
  extends Omit<WorkloadDefinition, "packaging">,
    Required<Omit<WorkloadChoice, "packaging">> {
  /** The folder of `runtime/workloads/` that is deployed. */
  readonly folder: string;
  readonly identity: ServiceIdentity;
  readonly packaging: Packaging;
  readonly region: pulumi.Input<string>;
  /** The bucket that holds code. */
  readonly codeBucket: pulumi.Input<string>;
  /** Pub/Sub's own account in this project, `serviceAccount:…`. */
  readonly pubsubAgent: pulumi.Input<string>;
  readonly alerting: Alerting;
  /** Keeps the service, and what waits for it, from being deleted. */
  readonly protect: boolean;
}

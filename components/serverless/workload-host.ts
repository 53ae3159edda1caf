import type * as pulumi from "@pulumi/pulumi";
import type { Alerting } from "../foundation/alert-channels.ts";
import { PrivateBucket } from "../foundation/private-bucket.ts";
import type { ProjectFoundation } from "../foundation/project-foundation.ts";
import type { ServiceIdentity } from "../foundation/service-identity.ts";
import { FunctionBuilds } from "./function-builds.ts";
import type { HostedWorkload, WorkloadChoice, WorkloadDefinition } from "./hosted-workload.ts";
import type { Packaging, PackagingChoice } from "./packaging.ts";
import { DEFAULT_SIZE } from "./workload-size.ts";

export interface WorkloadHostArgs<Name extends string> {
  readonly region: pulumi.Input<string>;
  /** The platform's list: a key is the workload's one name. */
  readonly definitions: Readonly<Record<Name, WorkloadDefinition>>;
  readonly choices: Readonly<Record<Name, WorkloadChoice>>;
  readonly identities: Readonly<Record<Name, ServiceIdentity>>;
  readonly foundation: ProjectFoundation;
  readonly alerting: Alerting;
  /** Whole seconds until a new grant holds. */
  readonly grantDelaySeconds: number;
  readonly protect: boolean;
}

/**
 * Where a platform's workloads run: knows what is decided about each of them outside of its component, and
 * owns what they share. No resource itself: what it makes are children of the platform.
 */
export class WorkloadHost<Name extends string> {
  readonly #name: string;
  readonly #args: WorkloadHostArgs<Name>;
  readonly #opts: pulumi.ComponentResourceOptions;
  readonly #codeBucket: pulumi.Output<string>;
  #builds: FunctionBuilds | undefined;

  constructor(name: string, args: WorkloadHostArgs<Name>, opts: pulumi.ComponentResourceOptions) {
    const { region, protect } = args;
    this.#name = name;
    this.#args = args;
    this.#opts = opts;
    const code = new PrivateBucket(`${name}-code`, { region, softDeleteDays: 0, protect }, opts);
    this.#codeBucket = code.bucketName;
  }

  workload(name: Name): HostedWorkload {
    const { region, foundation, alerting, protect } = this.#args;
    const { packaging, ...choice } = this.#args.choices[name];
    return {
      ...this.#args.definitions[name],
      ...DEFAULT_SIZE,
      ...choice,
      folder: name,
      identity: this.#args.identities[name],
      packaging: this.#packaged(packaging),
      region,
      codeBucket: this.#codeBucket,
      pubsubAgent: foundation.pubsubAgent,
      alerting,
      protect,
    };
  }

  /** What builds functions is made for the first of them, and serves all. */
  #packaged(choice: PackagingChoice = { kind: "bundle" }): Packaging {
    if (choice.kind !== "function") return choice;
    const { region, grantDelaySeconds } = this.#args;
    this.#builds ??= new FunctionBuilds(
      `${this.#name}-builds`,
      { region, codeBucket: this.#codeBucket, grantDelaySeconds },
      this.#opts,
    );
    return { kind: "function", builds: this.#builds };
  }
}

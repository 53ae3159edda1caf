import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** Cloud Armor takes so many ranges in one rule. */
const RANGES_A_RULE = 10;
const DEFAULT_RULE_PRIORITY = 2_147_483_647;
const FIRST_PRIORITY = 1000;

export interface EdgeAllowListArgs {
  /** CIDR ranges of the CDN. */
  readonly ranges: readonly string[];
}

/** Lets nobody but the CDN reach the origin, so that the edge's rules can't be walked around. */
export class EdgeAllowList extends pulumi.ComponentResource {
  readonly policyId: pulumi.Output<string>;

  constructor(name: string, { ranges }: EdgeAllowListArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:EdgeAllowList", name, { ranges }, opts);

    const chunks = Array.from({ length: Math.ceil(ranges.length / RANGES_A_RULE) }, (_, index) =>
      ranges.slice(index * RANGES_A_RULE, (index + 1) * RANGES_A_RULE),
    );
    const policy = new gcp.compute.SecurityPolicy(
      name,
      {
        description: "The CDN alone",
        rules: [
          ...chunks.map((srcIpRanges, index) => ({
            action: "allow",
            priority: FIRST_PRIORITY + index,
            description: `CDN ranges, part ${index + 1}`,
            match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges } },
          })),
          {
            action: "deny(403)",
            priority: DEFAULT_RULE_PRIORITY,
            description: "Everyone else",
            match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } },
          },
        ],
      },
      { parent: this },
    );

    this.policyId = policy.id;
    this.registerOutputs({ policyId: this.policyId });
  }
}

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { ORIGIN_SECRET_HEADER } from "./origin-secret.ts";

/** Cloud Armor takes so many ranges in one rule. */
const RANGES_A_RULE = 10;
const DEFAULT_RULE_PRIORITY = 2_147_483_647;
const SECRET_PRIORITY = 500;
const FIRST_PRIORITY = 1000;

export interface EdgeAllowListArgs {
  /** CIDR ranges of the CDN. */
  readonly ranges: readonly string[];
  /** What a request must bear one of. @default nothing: every customer of the CDN may come */
  readonly secrets?: pulumi.Output<readonly string[]>;
}

/**
 * Lets nobody but the CDN reach the origin, so that the edge's rules can't be walked around; with
 * secrets, nobody but the platform's own service there. What serves the request is not shown the secret.
 */
export class EdgeAllowList extends pulumi.ComponentResource {
  readonly policyId: pulumi.Output<string>;

  constructor(name: string, { ranges, secrets }: EdgeAllowListArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:EdgeAllowList", name, { ranges }, opts);

    const chunks = Array.from({ length: Math.ceil(ranges.length / RANGES_A_RULE) }, (_, index) =>
      ranges.slice(index * RANGES_A_RULE, (index + 1) * RANGES_A_RULE),
    );
    const policy = new gcp.compute.SecurityPolicy(
      name,
      {
        description: secrets ? "Our service at the CDN alone" : "The CDN alone",
        rules: [
          ...(secrets ? secretRules(secrets) : []),
          ...chunks.map((srcIpRanges, index) => ({
            action: "allow",
            priority: FIRST_PRIORITY + index,
            description: `CDN ranges, part ${index + 1}`,
            match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges } },
            ...(secrets && {
              headerAction: {
                requestHeadersToAdds: [{ headerName: ORIGIN_SECRET_HEADER, headerValue: "checked" }],
              },
            }),
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

/** Two, since an expression about a header that is not there has no result, and its rule then doesn't match. */
function secretRules(secrets: pulumi.Output<readonly string[]>) {
  const header = `request.headers['${ORIGIN_SECRET_HEADER}']`;
  const isNone = secrets.apply((all) => all.map((secret) => `${header} != '${secret}'`).join(" && "));
  return [
    {
      action: "deny(403)",
      priority: SECRET_PRIORITY,
      description: "Without the edge's secret",
      match: { expr: { expression: `!has(${header})` } },
    },
    {
      action: "deny(403)",
      priority: SECRET_PRIORITY + 1,
      description: "With another than the edge's secret",
      match: { expr: { expression: isNone } },
    },
  ];
}

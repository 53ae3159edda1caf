import { isProperties, type Properties, text } from "../../../review/rules/values.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { unevaluable } from "./attribute-mapping.ts";
import { POOL_RULES, PROVIDER_RULES } from "./federation-rules.ts";

const POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool";
export const PROVIDER_KIND = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider";

const pool: KindEntry = {
  token: POOL,
  holds: "trust",
  assigned: { mode: "FEDERATION_ONLY" },
  rules: POOL_RULES,
  unsupported({ disabled, mode }, report) {
    if (disabled === true) report("disabled", "must be false: the local IAM has no disabled pools");
    if (typeof mode === "string" && mode !== "FEDERATION_ONLY") {
      report(
        "mode",
        "must be FEDERATION_ONLY: the local IAM federates, and hands out no identities of its own",
      );
    }
  },
  id: poolId,
  outputs: ({ inputs }) => ({ name: numbered(poolId(inputs), inputs), state: "ACTIVE" }),
};

const provider: KindEntry = {
  token: PROVIDER_KIND,
  references: { workloadIdentityPoolId: [POOL] },
  rules: PROVIDER_RULES,
  unsupported(inputs, report) {
    const { disabled, oidc, attributeMapping, attributeCondition } = inputs;
    if (disabled === true) report("disabled", "must be false: the local IAM has no disabled providers");
    if (!isProperties(oidc)) return report("oidc", "must be set: the local IAM knows no other identities");
    if (oidc.jwksJson === undefined) {
      report(
        "oidc.jwksJson",
        "must be set: the local IAM fetches no keys, since nothing leaves this machine",
      );
    }
    const expressions = Object.entries(isProperties(attributeMapping) ? attributeMapping : {}).map(
      ([name, value]) => [`attributeMapping.${name}`, value] as const,
    );
    for (const [path, value] of [...expressions, ["attributeCondition", attributeCondition] as const]) {
      const why = typeof value === "string" ? unevaluable(value) : undefined;
      if (why !== undefined) report(path, `must be evaluable by the local IAM too (${why})`);
    }
  },
  id: providerId,
  outputs: ({ inputs }) => ({ name: numbered(providerId(inputs), inputs), state: "ACTIVE" }),
};

export const FEDERATION_KINDS = googleKinds(import.meta.dirname, ["iam.googleapis.com"], [pool, provider]);

function poolId(inputs: Properties): string {
  const id = lastSegment(text(inputs, "workloadIdentityPoolId"));
  return `${projectId(inputs)}/locations/global/workloadIdentityPools/${id}`;
}

function providerId(inputs: Properties): string {
  return `${poolId(inputs)}/providers/${text(inputs, "workloadIdentityPoolProviderId")}`;
}

/** IAM names pools by their project's number. */
function numbered(id: string, inputs: Properties): string {
  return id.replace(/^projects\/[^/]+/, `projects/${projectNumber(lastSegment(text(inputs, "project")))}`);
}

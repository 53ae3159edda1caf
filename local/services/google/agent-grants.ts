import type { CitedReport } from "../../../review/rules/rule.ts";
import { valuesAt } from "../../../review/rules/rule.ts";
import type { CloudResource } from "../../kernel/contract.ts";
import type { Draft, Surroundings } from "../../provider/kind.ts";
import { resolve } from "./references.ts";

/** What a service's own agent must be let do to another resource before the service makes one that needs it. */
export interface AgentGrant {
  /** Where the resource names the other one. */
  readonly at: string;
  readonly kind: string;
  /** The kind of grants on it, and where those name it. */
  readonly grants: string;
  readonly grantedAt: string;
  /** The last part of predefined roles that will do. */
  readonly roles: RegExp;
  /** `gcp-sa-pubsub`: the agent is of `AGENT.iam.gserviceaccount.com`. */
  readonly agent: string;
  readonly source: string;
}

const PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember";
/** Whoever these are, the agent may be one of them. */
const MANY = /^(allUsers|allAuthenticatedUsers|group:|domain:|principal)/;

/** Tells of agents that nothing in the program lets do what their service will try at once. */
export function doubtGrants(
  needed: readonly AgentGrant[],
): (draft: Draft, around: Surroundings, report: CitedReport) => void {
  return (draft, around, report) => {
    for (const grant of needed) {
      for (const [path, name] of valuesAt(draft.inputs, grant.at)) {
        const target = resolve(around, grant.kind, name);
        // What stands already may be granted already.
        if (!target || mayBeGranted(grant, target, draft, around)) continue;
        report(
          path,
          `must be open to the service agent of ${grant.agent}.iam.gserviceaccount.com beforehand, by a ${grant.grants} that this depends on: nothing here grants it`,
          grant.source,
        );
      }
    }
  };
}

function mayBeGranted(
  { kind, grants, grantedAt, roles, agent }: AgentGrant,
  target: CloudResource,
  draft: Draft,
  around: Surroundings,
): boolean {
  // To whom one grants is not known yet.
  const any = `projects/${around.config.project}/grants`;
  if ([grants, PROJECT_GRANT].some((other) => around.mayBeElsewhere([other], any, draft))) return true;
  const onTarget = around
    .list(grants)
    .filter(({ properties }) => resolve(around, kind, properties[grantedAt])?.id === target.id);
  return [...onTarget, ...around.list(PROJECT_GRANT)].some(({ properties: { role, member } }) => {
    const isRole = typeof role !== "string" || !role.startsWith("roles/") || roles.test(role);
    const isAgent =
      typeof member !== "string" || MANY.test(member) || member.endsWith(`@${agent}.iam.gserviceaccount.com`);
    return isRole && isAgent;
  });
}

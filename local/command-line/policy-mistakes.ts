import { exemptionsOf, judgePolicies } from "../../review/policies/policies.ts";
import type { Judgement, Mistake } from "../pulumi/judgement.ts";
import type { Program } from "../pulumi/program.ts";

/**
 * What of a program breaks a policy and has no exemption, each with its place and the way out.
 *
 * @throws {InvalidExemptions}
 */
export function policyMistakes({ graph }: Judgement, { folder, origins }: Program): readonly Mistake[] {
  if (graph === undefined) return [];
  return judgePolicies(graph, new Date(), exemptionsOf(folder))
    .filter(({ exemption }) => exemption === undefined)
    .map(({ id, severity, urn, sentence, wayOut }) => {
      const at = urn === undefined ? undefined : origins.get(urn)?.at;
      return {
        ...(urn !== undefined && { urn }),
        ...(at !== undefined && { at }),
        message: `${sentence} ${wayOut} (${severity} policy ${id})`,
      };
    });
}

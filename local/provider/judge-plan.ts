import type { Kind } from "./kind.ts";
import { Plan, type PlanSettings } from "./plan.ts";
import { doubtsOf, unmetPrerequisites } from "./prerequisites.ts";
import { type Judgement, nameOf, type PlannedResource, typeOf } from "./requests.ts";

/**
 * What only the program as a whole shows: what the services would refuse one by one, while they are made, for the
 * sake of other resources. What hangs on values that are not known is passed over.
 */
export function judgePlan(
  kinds: ReadonlyMap<string, Kind>,
  planned: readonly PlannedResource[],
  settings: PlanSettings,
): readonly Judgement[] {
  const plan = new Plan(kinds, planned, settings);
  const now = new Date().toISOString();
  const firsts = new Map<string, string>();
  return planned.flatMap((resource): readonly Judgement[] => {
    const { urn } = resource;
    const kind = kinds.get(typeOf(resource));
    if (!kind || resource.standing !== "wanted") return [];
    const id = plan.idOf(resource);
    const draft = { id: id ?? "", urn, inputs: plan.inputsOf(resource), now };
    const { verify, doubt, ...rest } = kind;
    const asked = id === undefined ? rest : kind;
    const shown = plan.shownInputsOf(resource);
    const unmet = unmetPrerequisites(asked, draft, plan, shown);
    const doubts = doubtsOf(asked, draft, plan, shown);
    const reasons = unmet.map(({ reason }) => reason);
    const taken =
      id === undefined || kind.shared || kind.repeatable ? undefined : firsts.get(`${kind.token} ${id}`);
    if (taken !== undefined) {
      reasons.push(`must have a name of its own: "${nameOf({ urn: taken })}" is ${id} too (${kind.errors}).`);
    } else if (id !== undefined) firsts.set(`${kind.token} ${id}`, urn);
    return [
      ...reasons.map((reason) => ({ urn, reason })),
      ...doubts.map((reason) => ({ urn, reason, isDoubt: true }) as const),
    ];
  });
}

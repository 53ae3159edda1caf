import { namedPath, showAt } from "../../review/rules/paths.ts";
import { judge } from "../../review/rules/rule.ts";
import { hasUnknown } from "../../review/rules/values.ts";
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
    const reasons = [...togetherWrong(kind, plan, resource), ...unmet.map(({ reason }) => reason)];
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

/** What the rules of the kind say once it is clear that what other resources go into will be there. */
function togetherWrong(kind: Kind, plan: Plan, resource: PlannedResource): readonly string[] {
  const told: string[] = [];
  const shown = resource.inputs;
  // Without anything unknown Check has said all there is to say.
  if (!hasUnknown(shown)) return told;
  judge(kind.rules ?? [], plan.presentInputsOf(resource), (path, rule, source) => {
    told.push(`${namedPath(shown, path)} ${rule}; got ${showAt(shown, path)} (${source}).`);
  });
  return told;
}

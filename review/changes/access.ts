import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import type { Context, Finding, Rule } from "./finding.ts";
import { type Target, targetOf } from "./grant-target.ts";
import { type Grant, grantsOf, isGrantType, isPublic } from "./grants.ts";
import { listed, shown, shownChange } from "./wording.ts";

/** More of them are counted. */
const MOST_MEMBERS = 6;
const MOST_TERMS = 4;

/** Who may do what, in sentences. */
export const accessChanges: Rule = (change, context) => {
  const { type, urn, before, after } = change;
  if (!isGrantType(type)) return [];
  const [former, next] = [before && given(before, context), after && given(after, context)];
  const isSame =
    former !== undefined && next !== undefined && isSameTarget(former.target, next.target, context);
  const left = new Set(isSame ? next.grants.map(keyOf) : []);
  const had = new Set(isSame ? former.grants.map(keyOf) : []);
  const added = (next?.grants ?? []).filter((grant) => !had.has(keyOf(grant)));
  const removed = (former?.grants ?? []).filter((grant) => !left.has(keyOf(grant)));
  // It is made anew because of what it is on, or by others is what it was.
  if (added.length === 0 && removed.length === 0) return [];
  const wider = added.filter((grant) => isPublic(grant) && !isNarrower(grant, removed, isSame));
  const kind = wider.length > 0 ? "public" : "access";
  return [{ urn, kind, sentence: sentenceOf({ added, removed, former, next, isSame }) } satisfies Finding];
};

interface Given {
  readonly grants: readonly Grant[];
  readonly target: Target;
}

function given(state: ResourceState, context: Context): Given {
  return { grants: grantsOf(state, context.statesOf), target: targetOf(state) };
}

interface Difference {
  readonly added: readonly Grant[];
  readonly removed: readonly Grant[];
  readonly former: Given | undefined;
  readonly next: Given | undefined;
  readonly isSame: boolean;
}

function sentenceOf({ added, removed, former, next, isSame }: Difference): string {
  const [now, then] = [next?.target.name ?? "", former?.target.name ?? ""];
  const [grants, revoked] = [termsOf(added), termsOf(removed)];
  const [one, other] = [grants[0], revoked[0]];
  if (one === undefined || other === undefined || grants.length > 1 || revoked.length > 1) {
    const told = [
      ...grants.map(({ role, who, under }) => `Grants ${role} on ${now} to ${who}${under}.`),
      ...revoked.map(({ role, who, under }) => `Revokes ${role} on ${then} from ${who}${under}.`),
    ];
    const more = told.length - MOST_TERMS;
    return more > 0 ? `${told.slice(0, MOST_TERMS).join(" ")} And ${more} more like it.` : told.join(" ");
  }
  const { role, who, under } = one;
  const hasRole = role === other.role;
  const hasMembers = one.members === other.members;
  const hasCondition = one.condition === other.condition;
  if (isSame && hasCondition && hasMembers) {
    return `Grants ${role} on ${now} to ${who} instead of ${other.role}${under}.`;
  }
  if (isSame && hasCondition && hasRole) {
    return `Grants ${role} on ${now} to ${who} instead of ${other.who}${under}.`;
  }
  if (isSame && hasRole && hasMembers) {
    const [old, fresh] = shownChange(other.condition, one.condition);
    const change =
      one.condition === "" ? `without the condition "${old}"` : `if ${fresh} instead of if ${old}`;
    return `Grants ${role} on ${now} to ${who}, ${other.condition === "" ? `if ${fresh} instead of always` : change}.`;
  }
  const place = now === then && !isSame ? ` (${placeOf(former?.target)} → ${placeOf(next?.target)})` : "";
  return `Grants ${role} on ${now}${place} to ${who}${under}, which replaces ${other.role} on ${then} for ${other.who}${other.under}.`;
}

interface Terms {
  readonly role: string;
  readonly who: string;
  readonly condition: string;
  readonly under: string;
  readonly members: string;
}

/** Everybody's first, and of a role and a condition together. */
function termsOf(grants: readonly Grant[]): readonly Terms[] {
  const byTerms = new Map<string, Grant[]>();
  for (const grant of grants) {
    const key = JSON.stringify([grant.role, conditionOf(grant)]);
    const own = byTerms.get(key);
    if (own === undefined) byTerms.set(key, [grant]);
    else own.push(grant);
  }
  const least = (own: readonly Grant[]) => (own.some(isPublic) ? 0 : 1);
  return [...byTerms.values()]
    .sort((left, right) => least(left) - least(right))
    .map((own) => {
      const [first] = own;
      const condition = first === undefined ? "" : conditionOf(first);
      const sorted = [...own].sort((left, right) => least([left]) - least([right]));
      const names = sorted.map(({ who }) => who);
      return {
        role: shown(first?.role, []),
        who: listed(names, MOST_MEMBERS) || "nobody",
        condition,
        under: condition === "" ? "" : `, if ${shown(condition, [])}`,
        members: JSON.stringify(own.map(({ member }) => member).sort()),
      };
    });
}

function conditionOf({ condition }: Grant): string {
  if (typeof condition !== "object" || condition === null) return "";
  const { expression } = condition as { expression?: unknown };
  return typeof expression === "string" ? expression : JSON.stringify(condition);
}

function keyOf(grant: Grant): string {
  return JSON.stringify([grant.role, grant.member, conditionOf(grant)]);
}

/** Those with an account instead of all; under the same terms. */
function isNarrower(grant: Grant, removed: readonly Grant[], isSame: boolean): boolean {
  if (!isSame || grant.member !== "allAuthenticatedUsers") return false;
  return removed.some(
    (former) =>
      former.member === "allUsers" &&
      former.role === grant.role &&
      conditionOf(former) === conditionOf(grant),
  );
}

/** Where the program makes it anew, its name at the service is another, and it is the same. */
function isSameTarget(former: Target, next: Target, { byUrn }: Context): boolean {
  const names = [...new Set([...Object.keys(former.fields), ...Object.keys(next.fields)])];
  return names.every((name) => {
    const [old, fresh] = [former.fields[name], next.fields[name]];
    if (old === undefined || fresh === undefined) return name === "project";
    const [from, to] = [former.made[name] ?? [], next.made[name] ?? []];
    const isMade = from.length > 0 && JSON.stringify(from) === JSON.stringify(to);
    if (JSON.stringify(old) === JSON.stringify(fresh)) return from.length === 0 || to.length === 0 || isMade;
    return isMade && (from.some((urn) => byUrn.has(urn)) || String(fresh).includes(UNKNOWN));
  });
}

function placeOf(target: Target | undefined): string {
  return shown(
    Object.values(target?.fields ?? {})
      .filter((value) => value !== undefined)
      .join(", "),
    [],
  );
}

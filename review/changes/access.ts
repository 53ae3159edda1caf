import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf, typeOf } from "../preview/urn.ts";
import type { Finding, Rule } from "./finding.ts";
import type { ResourceChange } from "./stack-changes.ts";
import { listed, noun, shown, subject } from "./wording.ts";

const GRANT = /I(AM|am)(Member|Binding|Policy)$/;
/** What a grant says beside what it is on. */
const TERMS = ["role", "member", "members", "condition", "policyData", "location", "region", "etag"];
const EVERYBODY: Readonly<Record<string, string>> = {
  allUsers: "everybody on the internet (allUsers)",
  allAuthenticatedUsers: "everybody with a Google account (allAuthenticatedUsers)",
};

/** Who may do what, in sentences. */
export const accessChanges: Rule = (change) => {
  const { type, urn, outcome, before, after } = change;
  if (!GRANT.test(type)) return [];
  const [former, next] = [before && termsOf(before), after && termsOf(after)];
  const isPublic = next?.isPublic === true && !(former?.isPublic && former.role === next.role);
  const kind = isPublic ? "public" : "access";
  const sentence = sentenceOf(former, next, outcome);
  return sentence === undefined ? [] : [{ urn, kind, sentence } satisfies Finding];
};

interface Terms {
  readonly role: string;
  readonly who: string;
  readonly target: string;
  readonly condition: string;
  readonly isPublic: boolean;
}

function sentenceOf(former: Terms | undefined, next: Terms | undefined, outcome: string): string | undefined {
  if (next === undefined) {
    return former && `Revokes ${former.role} on ${former.target} from ${former.who}.`;
  }
  const under = next.condition === "" ? "" : `, ${next.condition}`;
  if (former === undefined) return `Grants ${next.role} on ${next.target} to ${next.who}${under}.`;
  const isSame = (["role", "who", "target", "condition"] as const).every(
    (term) => former[term] === next[term],
  );
  // It is made anew because of what it is on.
  if (isSame) return undefined;
  if (former.role !== next.role && former.who === next.who && former.target === next.target) {
    return `Grants ${next.role} on ${next.target} to ${next.who} instead of ${former.role}${under}.`;
  }
  if (former.who !== next.who && former.role === next.role && former.target === next.target) {
    return `Grants ${next.role} on ${next.target} to ${next.who} instead of ${former.who}${under}.`;
  }
  const verb = outcome === "replace" ? "replaces" : "changes";
  return `Grants ${next.role} on ${next.target} to ${next.who}${under}, which ${verb} ${former.role} on ${former.target} for ${former.who}.`;
}

function termsOf(state: ResourceState): Terms {
  const { inputs } = state;
  const members = [inputs.member ?? inputs.members ?? []].flat();
  return {
    role: typeof inputs.role === "string" ? inputs.role : "a whole policy",
    who:
      listed(
        members.map((member) => whoIs(member, state)),
        6,
      ) || "nobody",
    target: targetOf(state),
    condition: conditionOf(inputs.condition),
    isPublic: members.some((member) => typeof member === "string" && member in EVERYBODY),
  };
}

/** By the name in the program where the program made it: what it is called at Google may be new. */
function whoIs(member: unknown, { propertyDependencies }: ResourceState): string {
  const made = [...(propertyDependencies.member ?? []), ...(propertyDependencies.members ?? [])];
  const text = typeof member === "string" ? member : "";
  const everybody = EVERYBODY[text];
  if (everybody !== undefined) return everybody;
  if (made.length === 1 && made[0] !== undefined) return subject(made[0]);
  if (text === "" || text.includes(UNKNOWN)) return "an identity that is known only once it is made";
  const [, kind = "", name = text] = /^(\w+):(.*)$/s.exec(text) ?? [];
  return `${noun(`::${kind.charAt(0).toUpperCase()}${kind.slice(1)}`)} "${shown(name, [])}"`.trim();
}

function targetOf({ inputs, propertyDependencies, type }: ResourceState): string {
  const fields = Object.keys(inputs).filter((name) => !TERMS.includes(name));
  for (const name of fields) {
    const [made] = propertyDependencies[name] ?? [];
    if (made !== undefined) return subject(made);
  }
  const [name] = [...fields.filter((field) => field !== "project"), "project"];
  return `${nounOfTarget(type)} "${shown(inputs[name ?? "project"], [])}"`;
}

/** `gcp:storage/bucketIAMMember:BucketIAMMember` → `bucket` */
function nounOfTarget(type: string): string {
  const last = type.slice(type.lastIndexOf(":") + 1).replace(GRANT, "");
  if (last !== "") return noun(`::${last}`);
  return /:projects\//.test(type) ? "project" : noun(`::${/:(\w+)\//.exec(type)?.[1] ?? "resource"}`);
}

function conditionOf(condition: unknown): string {
  if (typeof condition !== "object" || condition === null) return "";
  const { expression } = condition as { expression?: unknown };
  return `if ${shown(expression, [])}`;
}

/** A grant as one that is moved to another resource keeps it. */
export function grantKey({ type, before, after }: ResourceChange): string | undefined {
  const state = after ?? before;
  if (!GRANT.test(type) || state === undefined) return undefined;
  const { role, who, condition } = termsOf(state);
  return JSON.stringify([type, role, who, condition]);
}

/** URNs of what is granted on, if the program makes it. */
export function granted({ propertyDependencies }: ResourceState): readonly string[] {
  return Object.entries(propertyDependencies)
    .filter(([name]) => !TERMS.includes(name))
    .flatMap(([, urns]) => urns);
}

export function isGrant(urn: string): boolean {
  return GRANT.test(typeOf(urn)) && nameOf(urn) !== "";
}

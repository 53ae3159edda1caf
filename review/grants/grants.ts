import { textOf } from "../../local/kernel/property-values.ts";
import { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceGraph } from "../graph/resource-graph.ts";
import { ACCOUNT, type Grant as GrantedRole, grantsIn } from "../policies/grant.ts";
import { type ResourceState, UNKNOWN } from "../preview/stack-preview.ts";
import { nameOf } from "../preview/urn.ts";
import { TAKEN_AWAY, USED_ELSEWHERE, USED_IN_THE_CLOUD } from "./evidence.ts";

const AGENT = "gcp:projects/serviceIdentity:ServiceIdentity";
/** What an input says that is not what the grant is on. */
const ABOUT = ["role", "member", "members", "policyData", "condition", "location"];

/** What shows that a grant is needed. */
export type Evidence =
  | { readonly kind: "taken away"; readonly permission: string; readonly test: string }
  | { readonly kind: "used"; readonly test: string; readonly title: string }
  | { readonly kind: "in the cloud"; readonly reason: string; readonly source: string }
  | { readonly kind: "none" };

/** Somebody may do something to something. */
export interface Grant {
  /** Under which the program makes it. */
  readonly name: string;
  readonly urn: string;
  /** An account by its name in the program and what it is for, Google's own, or whoever the configuration names. */
  readonly identity: string;
  readonly role: string;
  /** None, where nobody here knows the role. */
  readonly permissions: readonly string[];
  readonly on: string;
  /** When it holds; none: always. */
  readonly condition?: string;
  readonly evidence: Evidence;
}

/** All grants of a stack, by identity. */
export function grantsOf(
  graph: ResourceGraph,
  permissionsOf: (role: string) => readonly string[],
): readonly Grant[] {
  const index = new GraphIndex(graph);
  return grantsIn(index)
    .map((granted): Grant => {
      const { resource, role } = granted;
      const name = nameOf(resource.urn);
      const condition = textOf((resource.inputs.condition as { title?: unknown } | undefined)?.title);
      return {
        name,
        urn: resource.urn,
        identity: identityOf(index, granted),
        role,
        permissions: permissionsOf(role),
        on: objectOfGrant(index, resource),
        ...(condition !== undefined && { condition }),
        evidence: evidenceOf(name),
      };
    })
    .sort((left, right) => compare(left.identity, right.identity) || compare(left.name, right.name));
}

/** Of all that is written down about a grant's name: more than one thing is a mistake in there. */
export function evidenceFor(name: string): readonly Evidence[] {
  const permission = Object.entries(TAKEN_AWAY).find(([each]) => each === name)?.[1];
  return [
    ...(permission === undefined
      ? []
      : [{ kind: "taken away" as const, permission, test: "test/grants.deep.test.ts" }]),
    // A name that is known has no need of a pattern's.
    ...(permission === undefined
      ? matching(USED_ELSEWHERE, name).map((used) => ({ kind: "used" as const, ...used }))
      : []),
    ...matching(USED_IN_THE_CLOUD, name).map((used) => ({ kind: "in the cloud" as const, ...used })),
  ];
}

function evidenceOf(name: string): Evidence {
  return evidenceFor(name)[0] ?? { kind: "none" };
}

function matching<Told>(told: Readonly<Record<string, Told>>, name: string): readonly Told[] {
  return Object.entries(told)
    .filter(([pattern]) => isNamedBy(pattern, name))
    .map(([, value]) => value);
}

export function isNamedBy(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function identityOf(index: GraphIndex, { resource, input, members }: GrantedRole): string {
  const [account] = index.sourcesOf(resource, input, ACCOUNT);
  if (account) return `${nameOf(account.urn)} (${textOf(account.inputs.displayName) ?? "a service account"})`;
  const [agent] = index.sourcesOf(resource, input, AGENT);
  if (agent) return `Google's own account for ${textOf(agent.inputs.service) ?? "a service"}`;
  const named = members.join(", ");
  if (named !== "" && !named.includes(UNKNOWN)) return named;
  const [source] = index.sourcesOf(resource, input);
  return source ? `${kindOf(source.type)} ${nameOf(source.urn)}` : "somebody who is known once it is made";
}

function objectOfGrant(index: GraphIndex, grant: ResourceState): string {
  const names = Object.keys(grant.inputs).filter((input) => !ABOUT.includes(input));
  // A project is where it is on, unless there is nothing narrower.
  for (const input of names.filter((each) => each !== "project")) {
    const [source] = index.sourcesOf(grant, input);
    if (source) return `${kindOf(source.type)} ${nameOf(source.urn)}`;
  }
  return `project ${textOf(grant.inputs.project) ?? "?"}`;
}

/** `gcp:storage/bucket:Bucket` is a bucket. */
function kindOf(type: string): string {
  const kind = type.split(":").at(-1) ?? type;
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

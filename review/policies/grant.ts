import { objectOf, objectsOf, type Properties, textOf, textsOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { isUnknown } from "./policy.ts";

export const ACCOUNT = "gcp:serviceaccount/account:Account";
const PUBLIC = ["allUsers", "allAuthenticatedUsers"];
/** Of access lists that have a name: `publicRead`, `publicReadWrite`, `authenticatedRead`. */
const PUBLIC_LIST = /^(public|authenticated)Read/;

/** A role for somebody, as one input of a resource gives it; a whole IAM policy is several. */
export interface Grant {
  readonly resource: ResourceState;
  /** That names who has it. */
  readonly input: string;
  readonly role: string;
  readonly members: readonly string[];
}

/** Whatever IAM gives to somebody, of every service: members, bindings, and policies as a whole. */
export function grantsIn(graph: GraphIndex): readonly Grant[] {
  return graph.graph.resources
    .filter(({ custom }) => custom)
    .flatMap((resource): readonly Grant[] => {
      const { role, member, members, policyData } = resource.inputs;
      if (policyData !== undefined) {
        return bindingsOf(policyData).map((binding) => ({ resource, input: "policyData", ...binding }));
      }
      if (role === undefined || (member === undefined && members === undefined)) return [];
      const input = member === undefined ? "members" : "member";
      return [{ resource, input, role: textOf(role) ?? "", members: textsOf(members ?? [member]) }];
    });
}

/** What lets the public in: grants, and entries of the access lists that data sets, buckets and objects have beside IAM. */
export function publicGrantsIn(graph: GraphIndex): readonly Grant[] {
  const listed = graph.graph.resources
    .filter(({ custom }) => custom)
    .flatMap((resource) => accessListOf(resource.inputs).map((entry) => ({ resource, ...entry })));
  return [...grantsIn(graph), ...listed].filter((grant) => publicOf(grant).length > 0);
}

export function publicOf({ members }: Grant): readonly string[] {
  return members.filter((member) => PUBLIC.includes(member));
}

/** Who the members may be that are service accounts: addresses or, of those not known yet, URNs. */
export function accountsOf(graph: GraphIndex, { resource, input, members }: Grant): readonly string[] {
  return members.flatMap((member) => {
    if (isUnknown(member)) return accountsBehind(graph, resource, input);
    return member.startsWith("serviceAccount:") ? [member.slice("serviceAccount:".length)] : [];
  });
}

/** The URNs of the accounts that an input's value comes from: it is one of them. */
export function accountsBehind(graph: GraphIndex, resource: ResourceState, input: string): readonly string[] {
  return graph.sourcesOf(resource, input, ACCOUNT).map(({ urn }) => urn);
}

function bindingsOf(policyData: unknown): readonly Pick<Grant, "role" | "members">[] {
  if (typeof policyData !== "string" || isUnknown(policyData)) return [];
  try {
    return objectsOf(objectOf(JSON.parse(policyData)).bindings).map(({ role, members }) => ({
      role: textOf(role) ?? "",
      members: textsOf(members),
    }));
  } catch {
    // Rules of the resource refuse what is no policy.
    return [];
  }
}

function accessListOf(inputs: Properties): readonly Omit<Grant, "resource">[] {
  const named = textOf(inputs.predefinedAcl) ?? "";
  const who = PUBLIC_LIST.exec(named)?.[1] === "public" ? "allUsers" : "allAuthenticatedUsers";
  return [
    ...entryOf(inputs),
    ...objectsOf(inputs.accesses).flatMap((access) =>
      entryOf(access).map((entry) => ({ ...entry, input: "accesses" })),
    ),
    ...textsOf(inputs.roleEntities).map((entry) => {
      const [role = "", ...entity] = entry.split(":");
      return { input: "roleEntities", role, members: [entity.join(":")] };
    }),
    ...(PUBLIC_LIST.test(named) ? [{ input: "predefinedAcl", role: named, members: [who] }] : []),
  ];
}

function entryOf(entry: Properties): readonly Omit<Grant, "resource">[] {
  return ["entity", "specialGroup", "iamMember"].flatMap((input) => {
    const member = textOf(entry[input]);
    return member === undefined ? [] : [{ input, role: textOf(entry.role) ?? "", members: [member] }];
  });
}

import { textOf, textsOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { breach, type Policy } from "./policy.ts";
import { INVOKER, workloadsOf } from "./workload.ts";

const ACCOUNT = "gcp:serviceaccount/account:Account";
const PROJECT_GRANT = /^gcp:(projects|folder|organizations)\/i(am|AM)/;
const PUBLIC = ["allUsers", "allAuthenticatedUsers"];
/** They let one act as every account of a project, the strongest among them. */
const IMPERSONATION = [
  "roles/iam.serviceAccountUser",
  "roles/iam.serviceAccountTokenCreator",
  "roles/iam.serviceAccountOpenIdTokenCreator",
  "roles/iam.workloadIdentityUser",
];

/** Who may do what. */
export const ACCESS: readonly Policy[] = [
  {
    id: "no-account-keys",
    severity: "mandatory",
    reason: "A key file works for whoever has a copy of it, from everywhere and for years.",
    wayOut: "Attach the account to the workload, or let its holder in by workload identity federation.",
    source: "CIS GCP 1.4",
    judge: (graph) =>
      graph
        .ofTypes("gcp:serviceaccount/key:Key")
        .map((key) => breach(key, "the resource", "must not exist", "a key file")),
  },
  {
    id: "no-admin-accounts",
    severity: "mandatory",
    reason: "Whoever takes over the workload may change all that the role is about.",
    wayOut: "Grant the account the narrowest role that its tests pass with, on the one resource.",
    source: "CIS GCP 1.5",
    judge: (graph) =>
      grantsIn(graph)
        .filter((grant) => isAdmin(grant.inputs.role) && isOfAccount(graph, grant))
        .map((grant) =>
          breach(grant, "role", "must not make a service account an administrator", grant.inputs.role),
        ),
  },
  {
    id: "no-impersonation-of-all",
    severity: "mandatory",
    reason: "Its holder may act as every account of the project, those of the future too.",
    wayOut: "Grant the role on the one service account that is meant.",
    source: "CIS GCP 1.6",
    judge: (graph) =>
      grantsIn(graph)
        .filter(({ type, inputs }) => PROJECT_GRANT.test(type) && IMPERSONATION.includes(String(inputs.role)))
        .map((grant) =>
          breach(grant, "role", "must be granted on a service account, not on a project", grant.inputs.role),
        ),
  },
  {
    id: "key-closed-to-the-public",
    severity: "mandatory",
    reason: "Whoever has the sealed bytes could open them.",
    wayOut: "Grant the key to the accounts that seal and open.",
    source: "CIS GCP 1.9",
    judge: (graph) =>
      grantsIn(graph)
        .filter((grant) => grant.type.startsWith("gcp:kms/") && isPublic(grant))
        .map((grant) => breach(grant, "member", "must be somebody", membersOf(grant).join(", "))),
  },
  {
    id: "open-to-all-only-behind-the-edge",
    severity: "mandatory",
    reason: "Whatever else is open to everyone is attacked there, past all that the edge holds off.",
    wayOut:
      "Grant it to somebody; or let a service answer through a load balancer alone, whose backend has a security policy that ends with a denial.",
    source: "Property 8: every endpoint rejects who is not meant",
    judge: (graph) =>
      grantsIn(graph)
        .filter((grant) => isPublic(grant) && !grant.type.startsWith("gcp:kms/"))
        .filter((grant) => !isBehindEdge(graph, grant))
        .map((grant) =>
          breach(
            grant,
            "member",
            "must be somebody, unless the service is behind a guarded load balancer",
            membersOf(grant).join(", "),
          ),
        ),
  },
];

/** Whatever gives a role to somebody, of every service. */
export function grantsIn(graph: GraphIndex): readonly ResourceState[] {
  return graph.graph.resources.filter(
    ({ custom, inputs }) =>
      custom && inputs.role !== undefined && (inputs.member !== undefined || inputs.members !== undefined),
  );
}

function membersOf({ inputs: { member, members } }: ResourceState): readonly string[] {
  return textsOf(members ?? [member]);
}

function isPublic(grant: ResourceState): boolean {
  return membersOf(grant).some((member) => PUBLIC.includes(member));
}

function isAdmin(role: unknown): boolean {
  const name = textOf(role) ?? "";
  return ["roles/owner", "roles/editor"].includes(name) || /admin/i.test(name);
}

function isOfAccount(graph: GraphIndex, grant: ResourceState): boolean {
  const input = grant.inputs.member === undefined ? "members" : "member";
  return (
    graph.sourcesOf(grant, input, ACCOUNT).length > 0 ||
    membersOf(grant).some((member) => member.startsWith("serviceAccount:"))
  );
}

function isBehindEdge(graph: GraphIndex, grant: ResourceState): boolean {
  if (grant.inputs.role !== INVOKER) return false;
  const open = graph.sourcesOf(grant, "name").map(({ urn }) => urn);
  const services = workloadsOf(graph).filter(({ resource }) => open.includes(resource.urn));
  return (
    services.length > 0 &&
    services.every(({ resource, ingress }) => {
      const groups = graph.referringTo(
        resource,
        "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup",
        "cloudRun",
      );
      const backends = groups.flatMap((group) =>
        graph.referringTo(group, "gcp:compute/backendService:BackendService", "backends"),
      );
      return (
        ingress === "balanced" &&
        backends.length > 0 &&
        backends.every((backend) => isGuarded(graph, backend))
      );
    })
  );
}

function isGuarded(graph: GraphIndex, backend: ResourceState): boolean {
  return graph
    .sourcesOf(backend, "securityPolicy", "gcp:compute/securityPolicy:SecurityPolicy")
    .some(({ inputs: { rules } }) => {
      const last = (Array.isArray(rules) ? rules : []).find(({ priority }) => priority === 2_147_483_647);
      return /^deny/.test(String(last?.action));
    });
}

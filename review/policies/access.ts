import type { GraphIndex } from "../graph/graph-index.ts";
import { areBehindEdge } from "./edge.ts";
import { ACCOUNT, type Grant, grantsIn, publicGrantsIn, publicOf } from "./grant.ts";
import { breach, type Policy, type Violation } from "./policy.ts";
import { INVOKER, SERVICE } from "./workload.ts";

const PROJECT_GRANT = /^gcp:(projects|folder|organizations)\/i(am|AM)/;
/** Service accounts, and those who come in by workload identity federation; people of a workforce are neither. */
const MACHINE =
  /^serviceAccount:|^principal(Set)?:\/\/(?!iam\.googleapis\.com\/locations\/global\/workforcePools\/)/;
/** They have a policy of their own. */
const SEALED = /^gcp:(kms|bigquery)\//;
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
        .filter((grant) => isAdmin(grant.role) && isOfMachine(graph, grant))
        .map(({ resource, role }) =>
          breach(resource, "role", "must not make a workload an administrator", role, role),
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
        .filter(({ resource, role }) => PROJECT_GRANT.test(resource.type) && IMPERSONATION.includes(role))
        .map(({ resource, role }) =>
          breach(resource, "role", "must be granted on a service account, not on a project", role, role),
        ),
  },
  {
    id: "key-closed-to-the-public",
    severity: "mandatory",
    reason: "Whoever has the sealed bytes could open them.",
    wayOut: "Grant the key to the accounts that seal and open.",
    source: "CIS GCP 1.9",
    judge: (graph) =>
      publicGrantsIn(graph)
        .filter(({ resource }) => resource.type.startsWith("gcp:kms/"))
        .flatMap((grant) => publicBreaches(grant, "must be somebody")),
  },
  {
    id: "open-to-all-only-behind-the-edge",
    severity: "mandatory",
    reason: "Whatever else is open to everyone is attacked there, past all that the edge holds off.",
    wayOut:
      "Grant it to somebody; or let a service answer through a load balancer alone, whose backend has a security policy that ends with a denial.",
    source: "Property 8: every endpoint rejects who is not meant",
    judge: (graph) => [
      ...publicGrantsIn(graph)
        .filter((grant) => !SEALED.test(grant.resource.type) && !isBehindEdge(graph, grant))
        .flatMap((grant) =>
          publicBreaches(grant, "must be somebody, unless the service is behind a guarded load balancer"),
        ),
      ...graph
        .ofTypes(SERVICE)
        .filter((service) => service.inputs.invokerIamDisabled === true && !areBehindEdge(graph, [service]))
        .map((service) =>
          breach(
            service,
            "invokerIamDisabled",
            "must be false, unless the service is behind a guarded load balancer",
            true,
          ),
        ),
    ],
  },
];

/** Each of the public by itself, so that one more is one more. */
export function publicBreaches(grant: Grant, rule: string): readonly Violation[] {
  const { resource, input, role } = grant;
  return publicOf(grant).map((who) => breach(resource, input, rule, who, `${role} for ${who}`));
}

function isAdmin(role: string): boolean {
  return ["roles/owner", "roles/editor"].includes(role) || /admin/i.test(role);
}

function isOfMachine(graph: GraphIndex, { resource, input, members }: Grant): boolean {
  if (members.some((each) => MACHINE.test(each))) return true;
  // A whole policy comes from all that any of its bindings names.
  return input !== "policyData" && graph.sourcesOf(resource, input, ACCOUNT).length > 0;
}

function isBehindEdge(graph: GraphIndex, { resource, role }: Grant): boolean {
  return role === INVOKER && areBehindEdge(graph, graph.sourcesOf(resource, "name"));
}

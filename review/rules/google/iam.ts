import { ofText, type Rule } from "../rule.ts";
import { isDomainName } from "../text.ts";

const ADDRESS = /^[^\s@:]+@[^\s@:]+\.[^\s@:]+$/;
/** One's own, or the one that GKE keeps for each project. A project may be of a domain, `acme.test:shop`. */
const PROJECT = "(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]";
const POOL = `locations/global/(?:workloadIdentityPools/(?<cluster>${PROJECT}\\.svc\\.id\\.goog)|(?:workloadIdentityPools|workforcePools)/[a-z0-9-]{4,32})`;
const SUBJECT = new RegExp(`^//iam\\.googleapis\\.com/(?:projects/(?<project>[^/]+)/)?${POOL}/(?<rest>.+)$`);

/**
 * Who a grant is for, as IAM writes it.
 *
 * @param convenience whether `projectEditor:P` and the like may be granted to: Storage alone knows them.
 */
export function iamMember({ convenience = false }: { readonly convenience?: boolean } = {}): Rule {
  return ofText((member) => {
    if (member === "allUsers" || member === "allAuthenticatedUsers") return undefined;
    const [, type = "", rest = ""] = /^(\w+):(.*)$/s.exec(member) ?? [];
    if (type === "deleted") return "must be a principal that exists, and a deleted one can't be granted to";
    if (type === "principal" || type === "principalSet") return brokenPrincipal(type, rest);
    if (/^project(Owner|Editor|Viewer)$/.test(type)) {
      if (!convenience) return `must be no ${type}, which only Storage's buckets know`;
      return new RegExp(`^${PROJECT}$`).test(rest) ? undefined : `must be ${type}:PROJECT`;
    }
    if (type === "domain") return isDomainName(rest) ? undefined : "must be domain:NAME in lower case";
    if (type === "serviceAccount" && /^[a-z0-9.:-]+\.svc\.id\.goog\[[^\]/]+\/[^\]/]+\]$/.test(rest))
      return undefined;
    if (["user", "group", "serviceAccount"].includes(type)) {
      return ADDRESS.test(rest) ? undefined : `must be ${type}:EMAIL`;
    }
    return "must be allUsers, allAuthenticatedUsers, or a principal such as serviceAccount:EMAIL";
  });
}

/** The syntax of a role's name: a predefined one, or a custom one of a project or an organization. */
export function iamRoleName(): Rule {
  return ofText((role) =>
    /^(?:roles\/[A-Za-z0-9_.]+|(?:projects\/[a-z][a-z0-9:.-]+|organizations\/\d+)\/roles\/[A-Za-z0-9_.]{3,64})$/.test(
      role,
    )
      ? undefined
      : "must be roles/NAME, or projects/P/roles/ID for a role of one's own",
  );
}

function brokenPrincipal(type: string, rest: string): string | undefined {
  const { project, cluster, rest: subject = "" } = SUBJECT.exec(rest)?.groups ?? {};
  if (project !== undefined && !/^\d+$/.test(project)) return "must name the pool's project by its number";
  const known =
    type === "principal"
      ? /^subject\/.+$/.test(subject) ||
        (cluster !== undefined && /^kubernetes\.serviceaccount\.uid\/.+$/.test(subject))
      : /^(?:\*|group\/.+|attribute\.[a-z0-9_]+\/.+)$/.test(subject) ||
        (cluster !== undefined && /^(?:namespace\/[^/]+|kubernetes\.cluster\/.+)$/.test(subject)) ||
        /^\/\/cloudresourcemanager\.googleapis\.com\/(projects|folders|organizations)\/\d+\/type\/\w+$/.test(
          rest,
        );
  if (known) return undefined;
  return type === "principal"
    ? "must be principal://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/subject/SUBJECT"
    : "must be principalSet://iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/ and then *, group/GROUP or attribute.NAME/VALUE";
}

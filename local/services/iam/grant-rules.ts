import { brokenExpression } from "../../../review/rules/brackets.ts";
import { iamMember, iamRoleName } from "../../../review/rules/google/iam.ts";
import { predefinedRole } from "../../../review/rules/google/predefined-roles.ts";
import { presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { characters, matching } from "../../../review/rules/text.ts";
import type { Properties } from "../../../review/rules/values.ts";

export const PRINCIPALS = "https://cloud.google.com/iam/docs/principal-identifiers";
const EVERYONE = ["allUsers", "allAuthenticatedUsers"];

/** What holds of every grant; `roles` is what those that can be granted on the resource begin with. */
export function grantRules({
  roles,
  convenience,
}: {
  readonly roles: string;
  readonly convenience: boolean;
}): readonly CitedRules[] {
  return [
    cite("https://cloud.google.com/iam/docs/roles-overview", { role: iamRoleName() }),
    cite("https://cloud.google.com/iam/docs/viewing-grantable-roles", { role: grantable(roles) }),
    cite("https://cloud.google.com/iam/docs/understanding-roles", { role: predefinedRole() }),
    cite(PRINCIPALS, { member: iamMember({ convenience }) }),
    cite("https://cloud.google.com/iam/docs/conditions-overview", {
      "condition.title": characters({ from: 1, to: 100 }),
      "condition.description": characters({ to: 256 }),
      "condition.expression": [
        characters({ from: 1, to: 12_000 }),
        ofText((expression) => brokenExpression(expression, /\/\/[^\n]*/g)),
      ],
      "": inObject(checkCondition),
    }),
  ];
}

export const SERVICE_GRANT = cite(
  "https://www.pulumi.com/registry/packages/gcp/api-docs/cloudrunv2/serviceiammember/#inputs",
  {
    "": inObject(({ name, location }, report) => {
      if (name === undefined) report("name", "must be set");
      if (location === undefined) report("location", "must be set, on the resource or as gcp:region");
    }),
  },
);

export const ACCOUNT_GRANT = cite(
  "https://www.pulumi.com/registry/packages/gcp/api-docs/serviceaccount/iammember/#inputs",
  {
    serviceAccountId: matching(
      /^projects\/[^/]+\/serviceAccounts\/[^/]+$/,
      "must be the account's whole name, projects/P/serviceAccounts/EMAIL",
    ),
  },
);

export const PROJECT_GRANT = cite(
  "https://cloud.google.com/resource-manager/reference/rest/v3/projects/setIamPolicy",
  {
    member: ofText((member) =>
      EVERYONE.includes(member) ? "must be a principal: a project can't be granted to everyone" : undefined,
    ),
    "": inObject(checkOwner),
  },
);

/** Roles that can be granted on a resource are those of its service, basic ones, and one's own. */
function grantable(prefix: string) {
  return ofText((role) =>
    !role.startsWith("roles/") || role.startsWith(prefix) || /^roles\/(owner|editor|viewer)$/.test(role)
      ? undefined
      : `must be a role that can be granted on this resource, as those of ${prefix}* can`,
  );
}

function checkCondition({ condition, role, member }: Properties, report: Report): void {
  if (presence(condition) !== "set") return;
  if (typeof role === "string" && /^roles\/(owner|editor|viewer)$/.test(role)) {
    report("condition", `must be absent where role is ${role}`);
  }
  if (typeof member === "string" && EVERYONE.includes(member)) {
    report("condition", `must be absent where member is ${member}`);
  }
}

/** Whole domains and federated identities own no project. */
function checkOwner({ role, member }: Properties, report: Report): void {
  if (role === "roles/owner" && typeof member === "string" && !/^(user|serviceAccount|group):/.test(member)) {
    report("member", "must be a user, a service account or a group where role is roles/owner");
  }
}

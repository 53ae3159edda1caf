import { ROLES } from "../../cloud/iam/roles.ts";
import { ofText, type Rule } from "./rule.ts";
import { matching } from "./text.ts";

const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group):[^\s@:]+@[^\s@:]+\.[^\s@:]+|domain:[^\s@:]+\.[^\s@:]+|project(Owner|Editor|Viewer):[a-z0-9-]+|serviceAccount:[a-z0-9.:-]+\.svc\.id\.goog\[[^\]]+\]|principal(Set)?:\/\/iam\.googleapis\.com\/\S+)$/;

/** Who a grant is for, as IAM writes it. */
export function iamMember(): Rule {
  return matching(
    MEMBER,
    "must be allUsers, allAuthenticatedUsers, or a principal such as serviceAccount:EMAIL",
  );
}

/** A predefined role whose permissions are known here. */
export function iamRole(): Rule {
  return ofText((role) =>
    Object.hasOwn(ROLES, role)
      ? undefined
      : "must be a role that local/cloud/iam/roles.ts lists with its permissions",
  );
}

import { type CitedRules, cite, ofText } from "../../../review/rules/rule.ts";
import { rfc1035Label } from "../../../review/rules/text.ts";

export const ACCOUNTS = "https://cloud.google.com/iam/docs/service-accounts-create#creating";

export const ACCOUNT_RULES: readonly CitedRules[] = [
  cite(ACCOUNTS, { accountId: rfc1035Label({ from: 6, to: 30 }) }),
  cite("https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts", {
    displayName: ofText((name) =>
      Buffer.byteLength(name) <= 100 ? undefined : "must have at most 100 bytes",
    ),
    description: ofText((text) =>
      Buffer.byteLength(text) <= 256 ? undefined : "must have at most 256 bytes",
    ),
  }),
];

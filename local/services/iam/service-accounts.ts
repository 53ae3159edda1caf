import { type Properties, text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { ACCOUNT_KIND } from "./account-kind.ts";
import { ACCOUNT_RULES, ACCOUNTS } from "./account-rules.ts";

const account: KindEntry = {
  token: ACCOUNT_KIND,
  holds: "trust",
  autoname: { property: "accountId", maxLength: 30, lowerCase: true, source: ACCOUNTS },
  defaults: () => ({ disabled: false }),
  rules: ACCOUNT_RULES,
  unsupported({ disabled }, report) {
    if (disabled === true) report("disabled", "must be false: the local IAM has no disabled accounts");
  },
  id: (inputs) => `${projectId(inputs)}/serviceAccounts/${text({ email: emailOf(inputs) }, "email")}`,
  known: (inputs) => {
    const email = emailOf(inputs);
    return email === undefined ? {} : { email, member: `serviceAccount:${email}` };
  },
  outputs: ({ id }) => ({ name: id }),
};

export const SERVICE_ACCOUNT_KINDS = googleKinds(import.meta.dirname, ["iam.googleapis.com"], [account]);

function emailOf({ accountId, project }: Properties): string | undefined {
  if (typeof accountId !== "string" || typeof project !== "string") return undefined;
  return `${accountId}@${project}.iam.gserviceaccount.com`;
}

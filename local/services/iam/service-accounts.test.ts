import { GCP_KINDS } from "../google/package.ts";
import { describeRefusals } from "../testing/refusals.ts";

describeRefusals(
  GCP_KINDS,
  "gcp:serviceaccount/account:Account",
  { accountId: "domain-api", displayName: "Domain API" },
  [
    [{ accountId: "short" }, "accountId must be 6 to 30 lower-case letters", "/service-accounts-create"],
    [
      { accountId: "a".repeat(31) },
      "accountId must be 6 to 30 lower-case letters",
      "/service-accounts-create",
    ],
    [{ accountId: "domain_api" }, "accountId must be 6 to 30 lower-case letters", "/service-accounts-create"],
    [
      { accountId: "domain-api-" },
      "accountId must be 6 to 30 lower-case letters",
      "/service-accounts-create",
    ],
    [{ displayName: "é".repeat(51) }, "displayName must have at most 100 bytes", "/projects.serviceAccounts"],
    [
      { description: "d".repeat(257) },
      "description must have at most 256 bytes",
      "/projects.serviceAccounts",
    ],
  ],
);

import { describeRefusals } from "../test-refusals.ts";
import { GCP_KINDS } from "./kinds.ts";

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

describeRefusals(GCP_KINDS, "gcp:projects/service:Service", { service: "run.googleapis.com" }, [
  [{ service: "run" }, "service must be a service's whole name", "/service-usage/docs/reference"],
  [{ service: undefined }, "service must be set", "projects.ServiceArgs"],
]);

describeRefusals(
  GCP_KINDS,
  "gcp:projects/serviceIdentity:ServiceIdentity",
  { service: "pubsub.googleapis.com" },
  [[{ service: "pubsub" }, "service must be one of", "/iam/docs/service-agents"]],
);

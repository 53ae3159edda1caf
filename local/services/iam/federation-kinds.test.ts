import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals, describeUnsupported } from "../testing/refusals.ts";

const POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool";
const PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider";
const POOLS = "/projects.locations.workloadIdentityPools";
const GITHUB = "https://token.actions.githubusercontent.com";
const PROVIDER_INPUTS = {
  workloadIdentityPoolId: "github",
  workloadIdentityPoolProviderId: "github",
  attributeMapping: { "google.subject": "assertion.sub", "attribute.repository": "assertion.repository" },
  attributeCondition: 'assertion.repository_id == "1"',
  oidc: { issuerUri: GITHUB },
};

describeRefusals(GCP_KINDS, POOL, { workloadIdentityPoolId: "github" }, [
  [
    { workloadIdentityPoolId: "gcp-pool" },
    "workloadIdentityPoolId must be 4 to 32 lower-case letters",
    POOLS,
  ],
  [{ workloadIdentityPoolId: "git" }, "workloadIdentityPoolId must be 4 to 32 lower-case letters", POOLS],
  [{ displayName: "n".repeat(33) }, "displayName must have at most 32 characters", POOLS],
  [{ mode: "FEDERATED" }, "mode must be one of FEDERATION_ONLY, TRUST_DOMAIN", "@pulumi/gcp 9.37"],
]);

describeRefusals(GCP_KINDS, PROVIDER, PROVIDER_INPUTS, [
  [
    { workloadIdentityPoolProviderId: "GitHub" },
    "workloadIdentityPoolProviderId must be 4 to 32",
    `${POOLS}.providers`,
  ],
  [
    { attributeCondition: "assertion.sub ==" },
    "attributeCondition must be an expression of CEL (",
    `${POOLS}.providers`,
  ],
  [
    { attributeMapping: { "google.subject": "assertion.sub +" } },
    'attributeMapping["google.subject"] must be an expression of CEL (',
    `${POOLS}.providers`,
    "description",
  ],
  [
    { attributeMapping: { "google.subject": "assertion.sub", "attribute.Repo": "assertion.repository" } },
    "attributeMapping must map to google.subject, google.groups or attribute.NAME of [a-z0-9_]; it maps to attribute.Repo",
    `${POOLS}.providers`,
  ],
  [
    { attributeMapping: { "attribute.repository": "assertion.repository" } },
    "attributeMapping must map to google.subject beside oidc",
    `${POOLS}.providers`,
  ],
  [{ oidc: undefined }, "oidc must be set, or aws or saml or x509", `${POOLS}.providers`],
  [{ aws: { accountId: "123456789012" } }, "oidc must be absent beside aws", `${POOLS}.providers`],
  [
    { oidc: { issuerUri: "http://issuer.example.com" } },
    "oidc.issuerUri must be an https URL",
    `${POOLS}.providers`,
  ],
  [
    { attributeCondition: undefined },
    `attributeCondition must speak of assertion.CLAIM where the issuer is ${GITHUB}`,
    "/workload-identity-federation-with-deployment-pipelines",
  ],
  [
    { attributeCondition: "true" },
    `attributeCondition must speak of assertion.CLAIM where the issuer is ${GITHUB}`,
    "/workload-identity-federation-with-deployment-pipelines",
  ],
]);

describeAcceptance(GCP_KINDS, PROVIDER, PROVIDER_INPUTS, [
  { oidc: undefined, aws: { accountId: "123456789012" }, attributeMapping: undefined },
  { "oidc.issuerUri": "https://issuer.example.com", attributeCondition: undefined },
  { attributeMapping: { "google.subject": "assertion.arn.extract('{account_arn}assumed-role/')" } },
  { attributeCondition: "google.subject != '' && assertion.aud == 'x'" },
  { attributeCondition: "'admins' in google.groups || has(assertion.repository)" },
]);

describeUnsupported(GCP_KINDS, PROVIDER, [
  [{ oidc: { issuerUri: GITHUB, jwksJson: "{}" } }, []],
  [{ oidc: { issuerUri: GITHUB } }, ["oidc.jwksJson"]],
  [{ aws: {} }, ["oidc"]],
  [
    {
      oidc: { jwksJson: "{}" },
      attributeMapping: { "google.subject": "assertion.arn.extract('a')" },
      attributeCondition: "google.subject == 'a'",
    },
    ["attributeMapping.google.subject", "attributeCondition"],
  ],
]);
describeUnsupported(GCP_KINDS, POOL, [[{ disabled: true, mode: "TRUST_DOMAIN" }, ["disabled", "mode"]]]);

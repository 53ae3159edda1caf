import { presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { characters, httpsUrl } from "../../../review/rules/text.ts";
import { isProperties, type Properties, UNKNOWN } from "../../../review/rules/values.ts";
import { brokenSyntax } from "./cel-syntax.ts";

export const POOLS =
  "https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools";
export const PROVIDERS = `${POOLS}.providers`;
const PIPELINES = "https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines";
/** Who issues tokens to everybody's pipelines alike. */
const SHARED_ISSUER = "https://token.actions.githubusercontent.com";
const SOURCES = ["aws", "oidc", "saml", "x509"];

const id = ofText((text) =>
  /^(?!gcp-)[a-z0-9-]{4,32}$/.test(text)
    ? undefined
    : "must be 4 to 32 lower-case letters, digits and dashes, and not begin with gcp-",
);
const shown = { displayName: characters({ to: 32 }), description: characters({ to: 256 }) };
const expression = ofText((text) => {
  const broken = brokenSyntax(text);
  return broken === undefined ? undefined : `must be an expression of CEL (${broken})`;
});

export const POOL_RULES: readonly CitedRules[] = [
  cite(POOLS, {
    ...shown,
    workloadIdentityPoolId: id,
  }),
];

export const PROVIDER_RULES: readonly CitedRules[] = [
  cite(PROVIDERS, {
    ...shown,
    workloadIdentityPoolProviderId: id,
    attributeCondition: [characters({ to: 4_096 }), expression],
    "attributeMapping{}": [characters({ from: 1, to: 2_048 }), expression],
    attributeMapping: inObject(checkNames),
    "oidc.issuerUri": [httpsUrl(), characters({ to: 2_000 })],
    "oidc.allowedAudiences[]": characters({ from: 1, to: 256 }),
    "": inObject(checkSource),
  }),
  cite(PIPELINES, { "": inObject(checkTenant) }),
];

function checkNames(mapping: Properties, report: Report): void {
  for (const name of Object.keys(mapping)) {
    if (
      /^(google\.(subject|groups|display_name|profile_photo|posix_username|email)|attribute\.[a-z0-9_]{1,100})$/.test(
        name,
      )
    )
      continue;
    report(
      "",
      `must map to google.subject, google.groups or attribute.NAME of [a-z0-9_]; it maps to ${name}`,
    );
  }
}

/** Of several kinds of identities one; and what tokens say must become a subject. */
function checkSource(provider: Properties, report: Report): void {
  const [first, ...others] = SOURCES.filter((name) => presence(provider[name]) === "set");
  for (const other of others) report(other, `must be absent beside ${first}`);
  if (first === undefined && SOURCES.every((name) => presence(provider[name]) === "absent")) {
    report("oidc", "must be set, or aws or saml or x509");
  }
  if (first === undefined || first === "aws") return;
  const { attributeMapping: mapping } = provider;
  if (mapping === UNKNOWN || (isProperties(mapping) && mapping["google.subject"] !== undefined)) return;
  report("attributeMapping", `must map to google.subject beside ${first}`);
}

/** Everybody has tokens of GitHub's. */
function checkTenant({ oidc, attributeCondition }: Properties, report: Report): void {
  if (!isProperties(oidc) || oidc.issuerUri !== SHARED_ISSUER) return;
  if (attributeCondition === UNKNOWN) return;
  if (typeof attributeCondition === "string" && attributeCondition.includes("assertion.")) return;
  report("attributeCondition", `must speak of assertion.CLAIM where the issuer is ${SHARED_ISSUER}`);
}

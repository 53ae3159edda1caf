import { type Properties, UNKNOWN, type Value } from "../../../review/rules/values.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { FunctionCall, FunctionResult, ProviderFunction } from "../../provider/package.ts";
import { UNKNOWN_NUMBER } from "../../provider/wire.ts";

/**
 * Ranges that Google's provider itself has as constants; the others it looks up.
 * @see https://github.com/hashicorp/terraform-provider-google/blob/v4.2.0/google/data_source_google_netblock_ip_ranges.go
 */
const NETBLOCKS: Readonly<Record<string, readonly string[]>> = {
  "restricted-googleapis": ["199.36.153.4/30"],
  "private-googleapis": ["199.36.153.8/30"],
  "dns-forwarders": ["35.199.192.0/19"],
  "iap-forwarders": ["35.235.240.0/20"],
  "health-checkers": ["35.191.0.0/16", "130.211.0.0/22"],
  "legacy-health-checkers": ["35.191.0.0/16", "209.85.152.0/22", "209.85.204.0/22"],
};

/** @see https://registry.terraform.io/providers/hashicorp/google/latest/docs/data-sources/project */
function getProject(call: FunctionCall): FunctionResult {
  return ofProject(call, "projectId", (project) => {
    const own = (value: Value): Value => (call.local ? value : UNKNOWN);
    return {
      id: `projects/${project}`,
      projectId: project,
      name: own(project),
      number: numberOf(project, call),
      autoCreateNetwork: own(true),
      billingAccount: own(""),
      deletionPolicy: own("PREVENT"),
      folderId: own(""),
      orgId: own(""),
      labels: own({}),
      effectiveLabels: own({}),
      pulumiLabels: own({}),
      tags: own({}),
    };
  });
}

/** Nothing on this machine asks for an access token, and offline there is none. */
function getClientConfig({ config, local }: FunctionCall): FunctionResult {
  const { project = "", region = "", zone = "" } = config;
  const id = `projects/${project}/regions/${region}/zones/${zone}`;
  return {
    result: { id, project, region, zone, accessToken: local ? "" : UNKNOWN, defaultLabels: {} },
  };
}

/** @see https://cloud.google.com/storage/docs/getting-service-agent */
function getProjectServiceAccount(call: FunctionCall): FunctionResult {
  return ofProject(call, "project", (project) => {
    const email = `service-${numberOf(project, call)}@gs-project-accounts.iam.gserviceaccount.com`;
    return { id: email, emailAddress: email, member: `serviceAccount:${email}`, project };
  });
}

/** @see https://cloud.google.com/compute/docs/access/service-accounts#default_service_account */
function getDefaultServiceAccount(call: FunctionCall): FunctionResult {
  return ofProject(call, "project", (project) => {
    const email = `${numberOf(project, call)}-compute@developer.gserviceaccount.com`;
    const name = `projects/${project}/serviceAccounts/${email}`;
    return {
      id: name,
      name,
      email,
      member: `serviceAccount:${email}`,
      project,
      displayName: "Compute Engine default service account",
      uniqueId: call.local ? projectNumber(email) : UNKNOWN_NUMBER,
    };
  });
}

function getNetblockIPRanges({ args }: FunctionCall): FunctionResult {
  const { rangeType = "cloud-netblocks" } = args;
  const blocks = typeof rangeType === "string" && Object.hasOwn(NETBLOCKS, rangeType) && NETBLOCKS[rangeType];
  if (!blocks) {
    const reason = `rangeType must be one of ${Object.keys(NETBLOCKS).join(", ")}, which do not change; got ${JSON.stringify(rangeType)}.`;
    return { failures: [{ property: "rangeType", reason }] };
  }
  return {
    result: {
      id: "netblock-ip-ranges",
      rangeType,
      cidrBlocks: blocks,
      cidrBlocksIpv4s: blocks,
      cidrBlocksIpv6s: [],
    },
  };
}

export const GCP_FUNCTIONS: Readonly<Record<string, ProviderFunction>> = {
  "gcp:organizations/getProject:getProject": getProject,
  "gcp:organizations/getClientConfig:getClientConfig": getClientConfig,
  "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": getProjectServiceAccount,
  "gcp:compute/getDefaultServiceAccount:getDefaultServiceAccount": getDefaultServiceAccount,
  "gcp:compute/getNetblockIPRanges:getNetblockIPRanges": getNetblockIPRanges,
};

/** The project that the call names, or the provider's. */
function ofProject(
  { args, config }: FunctionCall,
  property: string,
  answer: (project: string) => Properties,
): FunctionResult {
  const project = args[property] ?? config.project;
  if (typeof project === "string" && project !== "") return { result: answer(project) };
  return { failures: [{ property, reason: `${property} must be set, in the call or as gcp:project.` }] };
}

/** Google gives numbers; the local cloud derives them. */
function numberOf(project: string, { local }: FunctionCall): string {
  return local ? projectNumber(project) : UNKNOWN_NUMBER;
}

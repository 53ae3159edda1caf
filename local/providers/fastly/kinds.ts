import { createHash } from "node:crypto";
import { DOMAIN, DOMAIN_LINK, SERVICE_VCL } from "../../cloud/fastly/kinds.ts";
import { checkServiceVcl as unsupportedInServiceVcl } from "../../cloud/fastly/service-checks.ts";
import type { Draft, Kind, Report } from "../kind.ts";
import { ProviderError } from "../provider-error.ts";
import { cite, inObject } from "../rules/rule.ts";
import { domainName } from "../rules/text.ts";
import { isProperties, listed, type Properties, text, UNKNOWN } from "../values.ts";

const VERSIONS = "https://www.fastly.com/documentation/reference/api/vcl-services/";
const DOMAINS = "https://www.fastly.com/documentation/reference/api/domain-management/domains/";
const ID_LENGTH = 22;
const CONDITION_TYPES = ["REQUEST", "RESPONSE", "CACHE", "PREFETCH"];
const REQUEST_ACTIONS = ["", "lookup", "pass"];

const serviceVcl: Kind = {
  token: SERVICE_VCL,
  autoname: {
    property: "name",
    maxLength: 255,
    source: "https://www.fastly.com/documentation/reference/api/services/service/",
  },
  defaults: () => ({ activate: true, forceDestroy: false, defaultTtl: 3600 }),
  rules: [cite(VERSIONS, { "": inObject(checkServiceVcl) })],
  unsupported(inputs, report) {
    unsupportedInServiceVcl(inputs, report);
    if (inputs.stage === true)
      report("stage", "must be false: the local edge serves the active version alone");
  },
  id: (_, urn) => fastlyId(urn),
  outputs: (draft) => {
    const version = nextVersion(draft);
    return {
      activeVersion: version,
      clonedVersion: version,
      stagedVersion: 0,
      forceRefresh: false,
      imported: false,
    };
  },
  volatile: ["activeVersion", "clonedVersion"],
  remove({ id, properties }) {
    if (properties.forceDestroy === true || properties.reuse === true) return;
    throw new ProviderError(
      "FAILED_PRECONDITION",
      `Service "${id}" is active and cannot be deleted: forceDestroy must be true; got ${JSON.stringify(properties.forceDestroy)}. Set it and run up first.`,
    );
  },
};

const domain: Kind = {
  token: DOMAIN,
  references: { serviceId: [SERVICE_VCL] },
  rules: [cite(DOMAINS, { fqdn: domainName({ wildcard: true }) })],
  id: (inputs, urn) => fastlyId(`${urn} ${text(inputs, "fqdn")}`),
  outputs: ({ id }) => ({ domainId: id }),
};

const domainLink: Kind = {
  token: DOMAIN_LINK,
  references: { domainId: [DOMAIN], serviceId: [SERVICE_VCL] },
  id: (inputs) => text(inputs, "domainId"),
};

/** Every kind of `@pulumi/fastly` that somebody wrote. */
export const FASTLY_KINDS: readonly Kind[] = [serviceVcl, domain, domainLink];

/** What Fastly refuses in a version. */
function checkServiceVcl(inputs: Properties, report: Report): void {
  const { domains } = inputs;
  if (Array.isArray(domains) && domains.length === 0) report("domains", "must hold a domain, or be absent");
  for (const collection of ["backends", "conditions", "headers", "requestSettings", "domains"]) {
    const names = new Set<unknown>();
    for (const [index, item] of listed(inputs, collection).entries()) {
      if (!isProperties(item)) continue;
      if (typeof item.name === "string" && names.has(item.name)) {
        report(`${collection}[${index}].name`, `must be the only one of its name in ${collection}`);
      }
      names.add(item.name);
    }
  }
  const conditions = checkConditions(inputs, report);
  for (const collection of ["backends", "headers", "requestSettings"]) {
    for (const [index, item] of listed(inputs, collection).entries()) {
      if (!isProperties(item)) continue;
      const { requestCondition, action } = item;
      const at = `${collection}[${index}]`;
      if (
        typeof requestCondition === "string" &&
        requestCondition !== "" &&
        !conditions.has(requestCondition) &&
        !conditions.has(UNKNOWN)
      ) {
        report(`${at}.requestCondition`, "must be the name of a condition of type REQUEST");
      }
      if (
        collection === "requestSettings" &&
        typeof action === "string" &&
        !REQUEST_ACTIONS.includes(action)
      ) {
        report(`${at}.action`, "must be lookup or pass");
      }
    }
  }
}

/** The names of request conditions; UNKNOWN among them stands for any. */
function checkConditions(inputs: Properties, report: Report): ReadonlySet<unknown> {
  const names = new Set<unknown>(inputs.conditions === UNKNOWN ? [UNKNOWN] : []);
  for (const [index, condition] of listed(inputs, "conditions").entries()) {
    if (!isProperties(condition)) continue;
    const { name, type } = condition;
    if (typeof type === "string" && !CONDITION_TYPES.includes(type)) {
      report(`conditions[${index}].type`, `must be one of ${CONDITION_TYPES.join(", ")}`);
    }
    if (type === "REQUEST" || type === UNKNOWN) names.add(name);
  }
  return names;
}

/** Every update makes and activates a version. */
function nextVersion({ previous }: Draft): number {
  return Number(previous?.properties.activeVersion ?? 0) + 1;
}

/** Fastly's ids are 22 letters and digits. */
function fastlyId(text: string): string {
  return createHash("sha256").update(text).digest("base64").replace(/[+/=]/g, "").slice(0, ID_LENGTH);
}

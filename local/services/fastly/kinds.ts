import { createHash } from "node:crypto";
import { text } from "../../../review/rules/values.ts";
import type { Draft, Kind, KindEntry } from "../../provider/kind.ts";
import { readKindData } from "../../provider/kind-data.ts";
import { ProviderError } from "../../provider/provider-error.ts";
import { DOMAIN_RULES, DOMAINS } from "./domain-rules.ts";
import { DOMAIN, DOMAIN_LINK, SERVICE_VCL } from "./kind-tokens.ts";
import { checkServiceVcl as unsupportedInServiceVcl } from "./service-checks.ts";
import { SERVICE_RULES } from "./service-rules.ts";

const ID_LENGTH = 22;

const serviceVcl: KindEntry = {
  token: SERVICE_VCL,
  holds: "an address",
  autoname: {
    property: "name",
    maxLength: 255,
    source: "https://www.fastly.com/documentation/reference/api/services/service/",
  },
  defaults: () => ({ activate: true, forceDestroy: false, defaultTtl: 3600 }),
  rules: SERVICE_RULES,
  unsupported(inputs, report) {
    unsupportedInServiceVcl(inputs, report);
    if (inputs.stage === true)
      report("stage", "must be false: the local edge serves the active version alone");
  },
  chosenId: true,
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

const domain: KindEntry = {
  token: DOMAIN,
  holds: "trust",
  references: { serviceId: [SERVICE_VCL] },
  rules: DOMAIN_RULES,
  verify({ id, inputs }, around, report) {
    const other = around.list(DOMAIN).find((one) => one.id !== id && one.properties.fqdn === inputs.fqdn);
    if (other) report("fqdn", `must be a domain that is not taken, as it is by ${other.urn}`, DOMAINS);
  },
  chosenId: true,
  id: (inputs, urn) => fastlyId(`${urn} ${text(inputs, "fqdn")}`),
  outputs: ({ id }) => ({ domainId: id }),
};

const domainLink: KindEntry = {
  token: DOMAIN_LINK,
  references: { domainId: [DOMAIN], serviceId: [SERVICE_VCL] },
  id: (inputs) => text(inputs, "domainId"),
};

const dataOf = readKindData(import.meta.dirname);
/** Every kind of `@pulumi/fastly` that somebody wrote. */
export const FASTLY_KINDS: readonly Kind<unknown>[] = [serviceVcl, domain, domainLink].map((entry) => ({
  ...entry,
  ...dataOf(entry.token),
  errors: "https://www.fastly.com/documentation/reference/api/",
}));

/** Every update makes and activates a version. */
function nextVersion({ previous }: Draft): number {
  return Number(previous?.properties.activeVersion ?? 0) + 1;
}

/** Fastly's ids are 22 letters and digits. */
function fastlyId(text: string): string {
  return createHash("sha256").update(text).digest("base64").replace(/[+/=]/g, "").slice(0, ID_LENGTH);
}

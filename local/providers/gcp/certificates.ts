import { createHash } from "node:crypto";
import { checkCertificate } from "../../cloud/load-balancing/checks.ts";
import type { Kind, Report } from "../kind.ts";
import { isProperties, listed, nested, type Properties, text } from "../values.ts";
import { checkPattern, checkWord, lastSegment, projectId } from "./names.ts";

const dnsAuthorization: Kind = {
  token: "gcp:certificatemanager/dnsAuthorization:DnsAuthorization",
  autoname: { property: "name", maxLength: 63 },
  defaults: () => ({ location: "global" }),
  assigned: { type: "FIXED_RECORD" },
  check(inputs, report) {
    checkName(inputs, report);
    checkPattern(
      inputs,
      "domain",
      /^(?!\*)[a-z0-9.-]+\.[a-z0-9-]+$/,
      "must be a domain without wildcard",
      report,
    );
  },
  id: (inputs) => `${at(inputs)}/dnsAuthorizations/${text(inputs, "name")}`,
  outputs: ({ inputs, id }) => ({
    dnsResourceRecords: [
      {
        name: `_acme-challenge.${text(inputs, "domain")}.`,
        type: "CNAME",
        data: `${createHash("sha256").update(id).digest("hex").slice(0, 32)}.authorize.certificatemanager.goog.`,
      },
    ],
  }),
};

const certificate: Kind = {
  token: "gcp:certificatemanager/certificate:Certificate",
  autoname: { property: "name", maxLength: 63 },
  defaults: () => ({ location: "global", scope: "DEFAULT" }),
  check(inputs, report) {
    checkName(inputs, report);
    checkWord(inputs.scope, "scope", ["DEFAULT", "EDGE_CACHE", "ALL_REGIONS", "CLIENT_AUTH"], report);
    if ((inputs.managed === undefined) === (inputs.selfManaged === undefined)) {
      report("managed", "must be set, or selfManaged, and not both");
    }
    const { domains, dnsAuthorizations } = nested(inputs, "managed");
    if (
      isProperties(inputs.managed) &&
      (domains === undefined || listed({ domains }, "domains").length === 0)
    ) {
      if (typeof domains !== "symbol") report("managed.domains", "must name a domain");
    }
    for (const [index, domain] of listed({ domains }, "domains").entries()) {
      if (typeof domain === "string" && domain.startsWith("*.") && dnsAuthorizations === undefined) {
        report(`managed.domains[${index}]`, "must have dnsAuthorizations, as every wildcard");
      }
    }
  },
  unsupported: checkCertificate,
  id: (inputs) => `${at(inputs)}/certificates/${text(inputs, "name")}`,
  outputs: ({ inputs }) => ({ sanDnsnames: listed(nested(inputs, "managed"), "domains") }),
  volatile: ["sanDnsnames"],
};

const certificateMap: Kind = {
  token: "gcp:certificatemanager/certificateMap:CertificateMap",
  autoname: { property: "name", maxLength: 63 },
  check: checkName,
  id: (inputs) => `${projectId(inputs)}/locations/global/certificateMaps/${text(inputs, "name")}`,
  outputs: () => ({ gclbTargets: [] }),
};

const certificateMapEntry: Kind = {
  token: "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry",
  autoname: { property: "name", maxLength: 63 },
  check(inputs, report) {
    checkName(inputs, report);
    checkWord(inputs.matcher, "matcher", ["PRIMARY"], report);
    if ((inputs.hostname === undefined) === (inputs.matcher === undefined)) {
      report("hostname", "must be set, or matcher, and not both");
    }
    const { certificates } = inputs;
    if (Array.isArray(certificates) && (certificates.length === 0 || certificates.length > 4)) {
      report("certificates", "must be 1 to 4");
    }
  },
  id: (inputs) =>
    `${projectId(inputs)}/locations/global/certificateMaps/${lastSegment(text(inputs, "map"))}/certificateMapEntries/${text(inputs, "name")}`,
  outputs: () => ({ state: "ACTIVE" }),
};

export const CERTIFICATE_KINDS: readonly Kind[] = [
  dnsAuthorization,
  certificate,
  certificateMap,
  certificateMapEntry,
];

function at(inputs: Properties): string {
  return `${projectId(inputs)}/locations/${text(inputs, "location")}`;
}

function checkName(inputs: Properties, report: Report): void {
  const rule = "must be 1 to 63 lower-case letters, digits, dashes and underscores, and begin with a letter";
  checkPattern(inputs, "name", /^[a-z][a-z0-9_-]{0,62}$/, rule, report);
}

import { createHash } from "node:crypto";
import { presence } from "../../../review/rules/presence.ts";
import { listed, nested, type Properties, text } from "../../../review/rules/values.ts";
import { type GoogleKindEntry, googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { resolve } from "../google/references.ts";
import { checkCertificate } from "../load-balancing/checks.ts";
import { CERTIFICATE, CERTIFICATE_MAP, CERTIFICATE_MAP_ENTRY } from "../load-balancing/kind-tokens.ts";
import {
  API,
  AUTHORIZATIONS,
  CERTIFICATE_MAP_ENTRY_RULES,
  CERTIFICATE_MAP_RULES,
  CERTIFICATE_RULES,
  CERTIFICATES,
  DNS_AUTHORIZATION_RULES,
  ENTRIES,
  NAMES,
} from "./rules.ts";

const DNS_AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization";

const dnsAuthorization: GoogleKindEntry = {
  token: DNS_AUTHORIZATION,
  holds: "trust",
  keptInUse: `${AUTHORIZATIONS}/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  defaults: () => ({ location: "global" }),
  assigned: { type: "FIXED_RECORD" },
  rules: DNS_AUTHORIZATION_RULES,
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

const certificate: GoogleKindEntry = {
  token: CERTIFICATE,
  holds: "trust",
  references: { "managed.dnsAuthorizations[]": [DNS_AUTHORIZATION] },
  ownProject: { "managed.dnsAuthorizations[]": CERTIFICATES },
  keptInUse: `${CERTIFICATES}/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  defaults: () => ({ location: "global", scope: "DEFAULT" }),
  rules: CERTIFICATE_RULES,
  verify({ inputs }, around, report) {
    const managed = nested(inputs, "managed");
    if (presence(managed.dnsAuthorizations) !== "set") return;
    const authorized = listed(managed, "dnsAuthorizations").map(
      (name) => resolve(around, DNS_AUTHORIZATION, name)?.properties.domain,
    );
    // What one of them authorizes is not known here.
    if (authorized.includes(undefined)) return;
    for (const [index, domain] of listed(managed, "domains").entries()) {
      if (typeof domain === "string" && !authorized.includes(domain.replace(/^\*\./, ""))) {
        report(
          `managed.domains[${index}]`,
          "must have a DNS authorization of its own among dnsAuthorizations",
          "https://cloud.google.com/certificate-manager/docs/domain-authorization#dns-auth",
        );
      }
    }
  },
  unsupported: checkCertificate,
  id: (inputs) => `${at(inputs)}/certificates/${text(inputs, "name")}`,
  outputs: ({ inputs }) => ({ sanDnsnames: listed(nested(inputs, "managed"), "domains") }),
  volatile: ["sanDnsnames"],
};

const certificateMap: GoogleKindEntry = {
  token: CERTIFICATE_MAP,
  keptInUse: `${API}/projects.locations.certificateMaps/delete`,
  autoname: { property: "name", maxLength: 63, source: NAMES },
  rules: CERTIFICATE_MAP_RULES,
  id: (inputs) => `${projectId(inputs)}/locations/global/certificateMaps/${text(inputs, "name")}`,
  outputs: () => ({ gclbTargets: [] }),
};

const certificateMapEntry: GoogleKindEntry = {
  token: CERTIFICATE_MAP_ENTRY,
  references: { map: [CERTIFICATE_MAP], "certificates[]": [CERTIFICATE] },
  ownProject: { "certificates[]": ENTRIES },
  autoname: { property: "name", maxLength: 63, source: NAMES },
  rules: CERTIFICATE_MAP_ENTRY_RULES,
  verify({ id, inputs }, around, report) {
    for (const [index, name] of listed(inputs, "certificates").entries()) {
      const { scope = "DEFAULT", location = "global" } = resolve(around, CERTIFICATE, name)?.properties ?? {};
      if (scope !== "DEFAULT" || location !== "global")
        report(`certificates[${index}]`, "must be a global certificate of scope DEFAULT", ENTRIES);
    }
    const [map] = id.split("/certificateMapEntries/");
    for (const other of around.list(CERTIFICATE_MAP_ENTRY)) {
      if (other.id === id || !other.id.startsWith(`${map}/`)) continue;
      for (const name of ["hostname", "matcher"]) {
        if (inputs[name] !== undefined && inputs[name] === other.properties[name]) {
          report(name, `must be in one entry of its map only, and ${other.id} has it`, ENTRIES);
        }
      }
    }
  },
  id: (inputs) =>
    `${projectId(inputs)}/locations/global/certificateMaps/${lastSegment(text(inputs, "map"))}/certificateMapEntries/${text(inputs, "name")}`,
  outputs: () => ({ state: "ACTIVE" }),
};

export const CERTIFICATE_KINDS = googleKinds(
  import.meta.dirname,
  ["certificatemanager.googleapis.com"],
  [dnsAuthorization, certificate, certificateMap, certificateMapEntry],
);

function at(inputs: Properties): string {
  return `${projectId(inputs)}/locations/${text(inputs, "location")}`;
}

import { text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { resolve } from "../google/references.ts";
import { RECORD_SET_RULES } from "./record-rules.ts";
import { ZONE_RULES, ZONES } from "./zone-rules.ts";

const ZONE = "gcp:dns/managedZone:ManagedZone";
const RECORD_SET = "gcp:dns/recordSet:RecordSet";
const RECORDS = "https://cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets";

/** The zone is written down and no more: who resolves names here is the test DNS server. */
const managedZone: KindEntry = {
  token: ZONE,
  holds: "an address",
  keptInUse: `${ZONES}/delete`,
  recorded: "An authoritative name server for the zone, to which the test DNS server delegates.",
  autoname: { property: "name", maxLength: 63, lowerCase: true, source: ZONES },
  defaults: () => ({ visibility: "public", forceDestroy: false }),
  assigned: { cloudLoggingConfig: { enableLogging: false }, dnssecConfig: { state: "off" } },
  rules: ZONE_RULES,
  id: (inputs) => `${projectId(inputs)}/managedZones/${text(inputs, "name")}`,
  outputs: () => ({
    nameServers: ["a", "b", "c", "d"].map((_, index) => `ns-cloud-a${index + 1}.googledomains.com.`),
  }),
};

const recordSet: KindEntry = {
  token: RECORD_SET,
  references: { managedZone: [ZONE] },
  recorded:
    "The zone's name server, answering with these records; the test DNS server now leads every name to this machine.",
  rules: RECORD_SET_RULES,
  verify({ id, inputs }, around, report) {
    const [name, type] = [text(inputs, "name").toLowerCase(), text(inputs, "type")];
    const zone = resolve(around, ZONE, inputs.managedZone);
    const dnsName = zone?.properties.dnsName;
    if (typeof dnsName === "string" && name !== dnsName && !name.endsWith(`.${dnsName}`)) {
      report("name", `must be in the zone, ${dnsName}`, RECORDS);
    }
    if (type === "CNAME" && name === dnsName)
      report("type", "must not be CNAME at the zone's own name", RECORDS);
    const prefix = id.replace(/\/[^/]*$/, "/").toLowerCase();
    const beside = around
      .list(RECORD_SET)
      .filter((other) => other.id !== id && other.id.toLowerCase().startsWith(prefix));
    const alias = beside.find(({ properties }) => type === "CNAME" || properties.type === "CNAME");
    if (alias) report("type", `must stand alone at its name beside no CNAME, as ${alias.id} does`, RECORDS);
  },
  id: (inputs) =>
    `${projectId(inputs)}/managedZones/${lastSegment(text(inputs, "managedZone"))}/rrsets/${text(inputs, "name")}/${text(inputs, "type")}`,
};

export const DNS_KINDS = googleKinds(import.meta.dirname, ["dns.googleapis.com"], [managedZone, recordSet]);

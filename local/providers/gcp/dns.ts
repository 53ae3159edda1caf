import type { Kind } from "../kind.ts";
import { exactlyOneOf } from "../rules/presence.ts";
import { cite } from "../rules/rule.ts";
import { matching } from "../rules/text.ts";
import { text } from "../values.ts";
import { lastSegment, projectId } from "./names.ts";

const ZONE = "gcp:dns/managedZone:ManagedZone";
const ZONES = "https://cloud.google.com/dns/docs/reference/rest/v1/managedZones";
const RECORDS = "https://cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets";

const RECORD_TYPES =
  /^(A|AAAA|ALIAS|CAA|CNAME|DNSKEY|DS|HTTPS|IPSECKEY|MX|NAPTR|NS|PTR|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT)$/;

/** The zone is written down and no more: who resolves names here is the test DNS server. */
const managedZone: Kind = {
  token: ZONE,
  keptInUse: `${ZONES}/delete`,
  recorded: true,
  autoname: { property: "name", maxLength: 63, lowerCase: true, source: ZONES },
  defaults: () => ({ visibility: "public", forceDestroy: false }),
  assigned: { cloudLoggingConfig: { enableLogging: false }, dnssecConfig: { state: "off" } },
  rules: [
    cite(ZONES, {
      dnsName: matching(/^([a-z0-9_-]{1,63}\.)+$/, "must be a domain with a dot at its end"),
      name: matching(
        /^[a-z][a-z0-9-]{0,62}$/,
        "must be 1 to 63 lower-case letters, digits and dashes, and begin with a letter",
      ),
    }),
  ],
  id: (inputs) => `${projectId(inputs)}/managedZones/${text(inputs, "name")}`,
  outputs: () => ({
    nameServers: ["a", "b", "c", "d"].map((_, index) => `ns-cloud-a${index + 1}.googledomains.com.`),
  }),
};

const recordSet: Kind = {
  token: "gcp:dns/recordSet:RecordSet",
  references: { managedZone: [ZONE] },
  recorded: true,
  rules: [
    cite(RECORDS, {
      name: matching(/\.$/, "must be a domain with a dot at its end"),
      type: matching(RECORD_TYPES, "must be a record type of Cloud DNS, in capitals"),
      "": exactlyOneOf("rrdatas", "routingPolicy"),
    }),
  ],
  id: (inputs) =>
    `${projectId(inputs)}/managedZones/${lastSegment(text(inputs, "managedZone"))}/rrsets/${text(inputs, "name")}/${text(inputs, "type")}`,
};

export const DNS_KINDS: readonly Kind[] = [managedZone, recordSet];

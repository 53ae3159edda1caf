import type { Kind } from "../kind.ts";
import { isProperties, text, UNKNOWN } from "../values.ts";
import { checkPattern, lastSegment, projectId } from "./names.ts";

const RECORD_TYPES =
  /^(A|AAAA|ALIAS|CAA|CNAME|DNSKEY|DS|HTTPS|IPSECKEY|MX|NAPTR|NS|PTR|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT)$/;

/** The zone is written down and no more: who resolves names here is the test DNS server. */
const managedZone: Kind = {
  token: "gcp:dns/managedZone:ManagedZone",
  recorded: true,
  autoname: { property: "name", maxLength: 63, lowerCase: true },
  defaults: () => ({ visibility: "public", forceDestroy: false }),
  assigned: { cloudLoggingConfig: { enableLogging: false }, dnssecConfig: { state: "off" } },
  check(inputs, report) {
    checkPattern(
      inputs,
      "dnsName",
      /^([a-z0-9_-]{1,63}\.)+$/,
      "must be a domain with a dot at its end",
      report,
    );
    const rule = "must be 1 to 63 lower-case letters, digits and dashes, and begin with a letter";
    checkPattern(inputs, "name", /^[a-z][a-z0-9-]{0,62}$/, rule, report);
  },
  id: (inputs) => `${projectId(inputs)}/managedZones/${text(inputs, "name")}`,
  outputs: () => ({
    nameServers: ["a", "b", "c", "d"].map((_, index) => `ns-cloud-a${index + 1}.googledomains.com.`),
  }),
};

const recordSet: Kind = {
  token: "gcp:dns/recordSet:RecordSet",
  recorded: true,
  check(inputs, report) {
    const { rrdatas, routingPolicy, type } = inputs;
    checkPattern(inputs, "name", /\.$/, "must be a domain with a dot at its end", report);
    if (typeof type === "string" && !RECORD_TYPES.test(type)) {
      report("type", "must be a record type of Cloud DNS, in capitals");
    }
    const answers = rrdatas === UNKNOWN || (Array.isArray(rrdatas) && rrdatas.length > 0);
    const routed = routingPolicy === UNKNOWN || isProperties(routingPolicy);
    if (answers === routed) report("rrdatas", "must hold an answer, or routingPolicy be set, and not both");
  },
  id: (inputs) =>
    `${projectId(inputs)}/managedZones/${lastSegment(text(inputs, "managedZone"))}/rrsets/${text(inputs, "name")}/${text(inputs, "type")}`,
};

export const DNS_KINDS: readonly Kind[] = [managedZone, recordSet];

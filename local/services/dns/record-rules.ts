import { isIPv4, isIPv6 } from "node:net";
import { count, unique } from "../../../review/rules/lists.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { exactlyOneOf } from "../../../review/rules/presence.ts";
import { cite, inObject, type Report } from "../../../review/rules/rule.ts";
import { matching } from "../../../review/rules/text.ts";
import { listed, type Properties } from "../../../review/rules/values.ts";

const RECORDS = "https://cloud.google.com/dns/docs/reference/rest/v1/resourceRecordSets";
const FORMATS = "https://cloud.google.com/dns/docs/records-overview#supported_dns_record_types";
const MOST_IN_A_STRING = 255;
const RECORD_TYPES =
  /^(A|AAAA|ALIAS|CAA|CNAME|DNSKEY|DS|HTTPS|IPSECKEY|MX|NAPTR|NS|PTR|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT)$/;
const NUMBER = "(?:0|[1-9]\\d{0,4})";
const HOST = "(?:\\.|(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\\.)+)";

/** @see https://www.iana.org/assignments/pkix-parameters/pkix-parameters.xhtml#caa-properties */
const CAA_TAGS = ["issue", "issuewild", "issuemail", "issuevmc", "iodef", "contactemail", "contactphone"];

/** What the data of each type look like; a type that isn't here is left to Cloud DNS. */
const DATA: Readonly<Record<string, { readonly fits: (data: string) => boolean; readonly rule: string }>> = {
  A: { fits: isIPv4, rule: "must be an IPv4 address" },
  AAAA: { fits: (data) => isIPv6(data) && !data.includes("%"), rule: "must be an IPv6 address" },
  CAA: {
    fits: isCaa,
    rule: `must be FLAGS TAG "VALUE", flags from 0 to 255 and a tag of ${CAA_TAGS.join(", ")},`,
  },
  CNAME: like(new RegExp(`^${HOST}$`), "a name with a dot at its end"),
  DS: like(/^\d{1,5} \d{1,3} \d{1,3} [0-9A-Fa-f]+$/, "KEY_TAG ALGORITHM DIGEST_TYPE DIGEST"),
  MX: like(
    new RegExp(`^${NUMBER} ${HOST}$`),
    "a preference and a name with a dot at its end, 10 mail.example.",
  ),
  NS: like(new RegExp(`^${HOST}$`), "a name with a dot at its end"),
  PTR: like(new RegExp(`^${HOST}$`), "a name with a dot at its end"),
  SPF: { fits: isText, rule: textRule() },
  SRV: like(new RegExp(`^${NUMBER} ${NUMBER} ${NUMBER} ${HOST}$`), "PRIORITY WEIGHT PORT HOST."),
  TXT: { fits: isText, rule: textRule() },
};
const SINGLE = ["CNAME", "ALIAS", "SOA"];

const NAME = "(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\\.)+";

/** A zone's name: with its dot at the end. */
export function zoneName() {
  return matching(
    new RegExp(`^(?=.{2,254}$)${NAME}$`),
    "must be a domain in lower case with a dot at its end, of labels of 1 to 63 characters",
  );
}

/** A record's, in any case: it may begin with a wildcard. */
function recordName() {
  return matching(
    new RegExp(`^(?=.{2,254}$)(?:\\*\\.)?${NAME}$`, "i"),
    'must be a domain with a dot at its end, of labels of 1 to 63 characters; "*" may be the first',
  );
}

export const RECORD_SET_RULES = [
  cite(RECORDS, {
    name: recordName(),
    type: matching(RECORD_TYPES, "must be a record type of Cloud DNS, in capitals"),
    ttl: whole({ from: 0, to: 2_147_483_647, what: "seconds" }),
    rrdatas: [count({ from: 1, to: 100, what: "values" }), unique()],
    routingPolicy: exactlyOneOf("geos", "wrrs", "primaryBackup"),
    "": exactlyOneOf("rrdatas", "routingPolicy"),
  }),
  cite(FORMATS, { "": inObject(checkData) }),
];

function checkData(record: Properties, report: Report): void {
  const { type } = record;
  if (typeof type !== "string") return;
  const rrdatas = listed(record, "rrdatas");
  if (SINGLE.includes(type) && rrdatas.length > 1) report("rrdatas", `must be one value for ${type}`);
  const format = DATA[type];
  for (const [index, data] of rrdatas.entries()) {
    if (typeof data === "string" && format && !format.fits(data)) {
      report(`rrdatas[${index}]`, `${format.rule} for ${type}`);
    }
  }
}

function like(pattern: RegExp, shown: string): { fits: (data: string) => boolean; rule: string } {
  return { fits: (data) => pattern.test(data), rule: `must be ${shown},` };
}

function isCaa(data: string): boolean {
  const [, flags, tag = ""] = /^(\d{1,3}) ([A-Za-z0-9]+) "[^"]*"$/.exec(data) ?? [];
  return Number(flags) <= 255 && CAA_TAGS.includes(tag.toLowerCase());
}

/** One string without spaces, or any number of quoted ones; each of them fits a DNS character-string. */
function isText(data: string): boolean {
  const quoted = /^(?:"(?:[^"\\]|\\.)*"(?:\s+|$))+$/.test(data);
  if (!quoted) return data !== "" && !/[\s"]/.test(data) && data.length <= MOST_IN_A_STRING;
  return [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].every(([, text = ""]) => text.length <= MOST_IN_A_STRING);
}

function textRule(): string {
  return `must be strings in double quotes of at most ${MOST_IN_A_STRING} characters,`;
}

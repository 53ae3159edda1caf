import ipaddr from "ipaddr.js";
import {
  numberOf,
  objectOf,
  objectsOf,
  type Properties,
  type Report,
  refuseOthers,
  textOf,
  textsOf,
} from "../property-values.ts";

export type Verdict = { readonly allowed: true } | { readonly allowed: false; readonly status: number };

const WHO = "the local load balancer";
const DENY = /^deny\((\d{3})\)$/;

/** What a policy says of an address: the first rule by priority that holds; without one, allowed. */
export function judge(policy: Properties, address: string): Verdict {
  const rules = objectsOf(policy.rules)
    .filter((rule) => rule.preview !== true)
    .toSorted((one, other) => (numberOf(one.priority) ?? 0) - (numberOf(other.priority) ?? 0));
  const rule = rules.find((candidate) =>
    textsOf(objectOf(objectOf(candidate.match).config).srcIpRanges).some((range) => isWithin(address, range)),
  );
  const status = DENY.exec(textOf(rule?.action) ?? "")?.[1];
  return status === undefined ? { allowed: true } : { allowed: false, status: Number(status) };
}

/** Names what the local load balancer doesn't do of a Cloud Armor policy. */
export function checkSecurityPolicy(policy: Properties, report: Report): void {
  refuseOthers(
    policy,
    "",
    ["deletionPolicy", "description", "labels", "name", "project", "rules", "type"],
    WHO,
    report,
  );
  if (textOf(policy.type) !== undefined && policy.type !== "CLOUD_ARMOR") {
    report("type", `must be CLOUD_ARMOR: ${WHO} has no other place for a policy`);
  }
  for (const [index, rule] of objectsOf(policy.rules).entries()) {
    const at = `rules[${index}]`;
    refuseOthers(rule, at, ["action", "description", "match", "preview", "priority"], WHO, report);
    const action = textOf(rule.action);
    if (action !== undefined && action !== "allow" && !DENY.test(action)) {
      report(`${at}.action`, `must be allow or deny(STATUS): ${WHO} knows no ${action}`);
    }
    const match = objectOf(rule.match);
    refuseOthers(match, `${at}.match`, ["config", "versionedExpr"], WHO, report);
    if (textOf(match.versionedExpr) !== undefined && match.versionedExpr !== "SRC_IPS_V1") {
      report(`${at}.match.versionedExpr`, "must be SRC_IPS_V1");
    }
  }
}

function isWithin(address: string, range: string): boolean {
  if (range === "*") return true;
  if (!ipaddr.isValid(address) || !isRange(range)) return false;
  const [base, bits] = ipaddr.isValidCIDR(range) ? ipaddr.parseCIDR(range) : whole(range);
  const parsed = ipaddr.process(address);
  return parsed.kind() === base.kind() && parsed.match(base, bits);
}

function whole(address: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const parsed = ipaddr.parse(address);
  return [parsed, parsed.kind() === "ipv4" ? 32 : 128];
}

function isRange(range: string): boolean {
  return ipaddr.isValidCIDR(range) || ipaddr.isValid(range);
}

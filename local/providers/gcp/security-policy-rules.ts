import type { Report } from "../kind.ts";
import { cite, inObject } from "../rules/rule.ts";
import { isProperties, listed, nested, type Properties, type Value } from "../values.ts";

const DEFAULT_PRIORITY = 2_147_483_647;
const MOST_RANGES = 10;
const ACTION = /^(allow|deny\((403|404|502)\)|throttle|rate_based_ban|redirect)$/;

/** What Cloud Armor refuses. */
export const SECURITY_POLICY_RULES = [
  cite("https://cloud.google.com/compute/docs/reference/rest/v1/securityPolicies", {
    "": inObject(checkSecurityPolicy),
  }),
];

function checkSecurityPolicy(inputs: Properties, report: Report): void {
  const { rules } = inputs;
  if (!Array.isArray(rules)) return;
  const priorities = new Set<Value | undefined>();
  for (const [index, rule] of listed(inputs, "rules").entries()) {
    if (!isProperties(rule)) continue;
    const at = `rules[${index}]`;
    const { priority, action } = rule;
    if (typeof priority === "number") {
      if (!Number.isInteger(priority) || priority < 0 || priority > DEFAULT_PRIORITY) {
        report(`${at}.priority`, `must be a whole number from 0 to ${DEFAULT_PRIORITY}`);
      }
      if (priorities.has(priority)) report(`${at}.priority`, "must be the only rule of its priority");
    }
    priorities.add(priority);
    if (typeof action === "string" && !ACTION.test(action)) {
      report(
        `${at}.action`,
        "must be allow, deny(403), deny(404), deny(502), throttle, rate_based_ban or redirect",
      );
    }
    if ((action === "throttle" || action === "rate_based_ban") && rule.rateLimitOptions === undefined) {
      report(`${at}.rateLimitOptions`, `must be set for ${action}`);
    }
    if (listed(nested(nested(rule, "match"), "config"), "srcIpRanges").length > MOST_RANGES) {
      report(`${at}.match.config.srcIpRanges`, `must be at most ${MOST_RANGES} ranges`);
    }
  }
  const known = [...priorities].every((priority) => typeof priority === "number");
  if (known && !priorities.has(DEFAULT_PRIORITY)) {
    report("rules", `must hold the default rule, of priority ${DEFAULT_PRIORITY}`);
  }
}

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
} from "../../kernel/property-values.ts";
import {
  type ArmorRequest,
  compileExpression,
  type Expression,
  UnsupportedExpression,
} from "./armor-expression.ts";

export type Verdict =
  | {
      readonly allowed: true;
      /** What the backend gets in place of what was sent, by lower-case name. */
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly allowed: false; readonly status: number };

const WHO = "the local load balancer";
const DENY = /^deny\((\d{3})\)$/;

interface Rule {
  readonly ranges: readonly ("*" | Range)[];
  readonly expression: Expression | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a refusal. */
  readonly status: number | undefined;
}

type Range = [base: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** By the policy as the program set it: each is read once, not at each request. */
const rulesOf = new WeakMap<Properties, readonly Rule[]>();

/** What a policy says of a request: the first rule by priority that holds; without one, allowed. */
export function judge(policy: Properties, request: ArmorRequest): Verdict {
  let rules = rulesOf.get(policy);
  if (!rules) {
    rules = readRules(policy);
    rulesOf.set(policy, rules);
  }
  const { address } = request;
  const from = ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
  const rule = rules.find(({ ranges, expression }) =>
    expression ? expression(request) : ranges.some((range) => isWithin(from, range)),
  );
  return rule?.status === undefined
    ? { allowed: true, headers: rule?.headers ?? {} }
    : { allowed: false, status: rule.status };
}

function readRules(policy: Properties): readonly Rule[] {
  return objectsOf(policy.rules)
    .filter((rule) => rule.preview !== true)
    .toSorted((one, other) => (numberOf(one.priority) ?? 0) - (numberOf(other.priority) ?? 0))
    .map((rule) => {
      const status = DENY.exec(textOf(rule.action) ?? "")?.[1];
      const { config, expr } = objectOf(rule.match);
      const ranges = textsOf(objectOf(config).srcIpRanges).flatMap(readRange);
      const expression = textOf(objectOf(expr).expression);
      return {
        ranges,
        expression: expression === undefined ? undefined : compileExpression(expression),
        headers: addedHeaders(rule),
        status: status === undefined ? undefined : Number(status),
      };
    });
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
    const known = ["action", "description", "headerAction", "match", "preview", "priority"];
    refuseOthers(rule, at, known, WHO, report);
    const action = textOf(rule.action);
    if (action !== undefined && action !== "allow" && !DENY.test(action)) {
      report(`${at}.action`, `must be allow or deny(STATUS): ${WHO} knows no ${action}`);
    }
    const match = objectOf(rule.match);
    refuseOthers(match, `${at}.match`, ["config", "expr", "versionedExpr"], WHO, report);
    const broken = unevaluated(textOf(objectOf(match.expr).expression));
    if (broken !== undefined)
      report(`${at}.match.expr.expression`, `must be without ${broken}: ${WHO} does not evaluate it`);
    if (textOf(match.versionedExpr) !== undefined && match.versionedExpr !== "SRC_IPS_V1") {
      report(`${at}.match.versionedExpr`, "must be SRC_IPS_V1");
    }
  }
}

/** @see https://cloud.google.com/armor/docs/custom-headers "overwritten" */
function addedHeaders(rule: Properties): Readonly<Record<string, string>> {
  const added = objectsOf(objectOf(rule.headerAction).requestHeadersToAdds);
  return Object.fromEntries(
    added.map(({ headerName, headerValue }) => [
      (textOf(headerName) ?? "").toLowerCase(),
      textOf(headerValue) ?? "",
    ]),
  );
}

function unevaluated(expression: string | undefined): string | undefined {
  try {
    if (expression !== undefined) compileExpression(expression);
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedExpression) return error.part;
    throw error;
  }
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6 | undefined, range: "*" | Range): boolean {
  if (range === "*") return true;
  const [base, bits] = range;
  return address !== undefined && address.kind() === base.kind() && address.match(base, bits);
}

function readRange(range: string): readonly ("*" | Range)[] {
  if (range === "*") return [range];
  if (ipaddr.isValidCIDR(range)) return [ipaddr.parseCIDR(range)];
  if (!ipaddr.isValid(range)) return [];
  const address = ipaddr.parse(range);
  return [[address, address.kind() === "ipv4" ? 32 : 128]];
}

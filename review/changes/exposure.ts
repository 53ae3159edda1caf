import type { Rule } from "./finding.ts";
import { valueAt } from "./property-paths.ts";
import { capitalised, shown, subject } from "./wording.ts";

interface Exposure {
  readonly type: RegExp;
  readonly path: string;
  /** Whether a value lets the public in. */
  isOpen(value: unknown): boolean;
  /** What follows: "… would be reachable …". */
  readonly effect: string;
}

const ANYWHERE = ["0.0.0.0/0", "::/0", "*"];
const EXPOSURES: readonly Exposure[] = [
  {
    type: /:cloudrunv2\/service:Service$/,
    path: "ingress",
    isOpen: (value) => value === "INGRESS_TRAFFIC_ALL" || value === undefined,
    effect: "would be reachable from the whole internet, past the load balancer",
  },
  {
    type: /:cloudfunctionsv2\/function:Function$/,
    path: "serviceConfig.ingressSettings",
    isOpen: (value) => value === "ALLOW_ALL" || value === undefined,
    effect: "would be reachable from the whole internet, past the load balancer",
  },
  {
    type: /:cloudrunv2\/service:Service$/,
    path: "invokerIamDisabled",
    isOpen: (value) => value === true,
    effect: "would answer whoever calls it, without a token",
  },
  {
    type: /:storage\/bucket:Bucket$/,
    path: "publicAccessPrevention",
    isOpen: (value) => value !== "enforced",
    effect: "could be made public by a grant",
  },
  {
    type: /:storage\/bucket:Bucket$/,
    path: "uniformBucketLevelAccess",
    isOpen: (value) => value !== true,
    effect: "could have single objects made public",
  },
  {
    type: /:compute\/backendService:BackendService$/,
    path: "securityPolicy",
    isOpen: (value) => value === undefined || value === "",
    effect: "would take requests from everybody: no security policy stands before it",
  },
  {
    type: /:compute\/(region)?securityPolicy(Rule)?:/i,
    path: "rules",
    isOpen: (value) => letsAllIn(value),
    effect: "would let in whoever no rule refuses",
  },
  {
    type: /:compute\/firewall:Firewall$/,
    path: "sourceRanges",
    isOpen: (value) => Array.isArray(value) && value.some((range) => ANYWHERE.includes(String(range))),
    effect: "would let the whole internet in",
  },
  {
    type: /:container\/cluster:Cluster$/,
    path: "masterAuthorizedNetworksConfig",
    isOpen: (value) => value === undefined,
    effect: "would take calls to its API from everywhere",
  },
];

/** What becomes reachable for more than before. */
export const exposures: Rule = ({ urn, type, before, after }) => {
  if (after === undefined) return [];
  return EXPOSURES.filter((exposure) => exposure.type.test(type)).flatMap(({ path, isOpen, effect }) => {
    const [old, next] = [before, after].map((state) => valueAt(state?.inputs, path));
    const was = before !== undefined && isOpen(old);
    if (was || !isOpen(next)) return [];
    const change =
      before === undefined ? `${shown(next, [path])}` : `${shown(old, [path])} → ${shown(next, [path])}`;
    const told = path === "rules" ? path : `${path}: ${change}`;
    return [{ urn, kind: "public" as const, sentence: `${capitalised(subject(urn))} ${effect} (${told}).` }];
  });
};

/** Whether the last rule, which all reach that none before has taken, says "allow". */
function letsAllIn(rules: unknown): boolean {
  if (!Array.isArray(rules)) return false;
  return rules.some((rule: unknown) => {
    const ranges = valueAt(rule, "match.config.srcIpRanges");
    return (
      valueAt(rule, "action") === "allow" &&
      Array.isArray(ranges) &&
      ranges.some((range) => ANYWHERE.includes(range))
    );
  });
}

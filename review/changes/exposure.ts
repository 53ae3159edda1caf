import type { Rule } from "./finding.ts";
import { valueAt } from "./property-paths.ts";
import { capitalised, shown, subject } from "./wording.ts";

interface Exposure {
  readonly type: RegExp;
  readonly path: string;
  /** Whether a value lets the public in. */
  isOpen(value: unknown): boolean;
  /** Of what is open to somebody for good reason where nobody ever closed it. */
  readonly isOfChange?: true;
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
    type: /:compute\/(region)?securityPolicy:/i,
    path: "rules",
    isOpen: (value) => Array.isArray(value) && value.some(letsAllIn),
    effect: "would let in whoever no rule refuses",
  },
  {
    type: /:compute\/(region)?securityPolicyRule:/i,
    path: "",
    isOpen: letsAllIn,
    effect: "would let in whoever no rule before it refuses",
  },
  {
    type: /:compute\/(region)?backendService:/i,
    path: "iap.enabled",
    isOpen: (value) => value !== true,
    isOfChange: true,
    effect: "would no longer ask who somebody is: Identity-Aware Proxy is off",
  },
  {
    type: /:cloudrunv2\/service:Service$/,
    path: "iapEnabled",
    isOpen: (value) => value !== true,
    isOfChange: true,
    effect: "would no longer ask who somebody is: Identity-Aware Proxy is off",
  },
  {
    type: /:cloudrunv2\/service:Service$/,
    path: "defaultUriDisabled",
    isOpen: (value) => value !== true,
    isOfChange: true,
    effect: "would answer at its run.app address too, which no load balancer stands before",
  },
  {
    type: /:iam\/workloadIdentityPoolProvider:/,
    path: "attributeCondition",
    isOpen: (value) => value === undefined || /^[\s(]*(true[\s)]*)?$/i.test(String(value)),
    effect: "would let in whoever its issuer knows, strangers too",
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
  return EXPOSURES.filter((exposure) => exposure.type.test(type)).flatMap((exposure) => {
    const { path, isOpen, effect } = exposure;
    const [old, next] = [before, after].map((state) => valueAt(state?.inputs, path));
    const was = before !== undefined && isOpen(old);
    if (was || !isOpen(next) || (before === undefined && exposure.isOfChange)) return [];
    const change =
      before === undefined ? `${shown(next, [path])}` : `${shown(old, [path])} → ${shown(next, [path])}`;
    const told = path === "rules" || path === "" ? "" : ` (${path}: ${change})`;
    return [{ urn, kind: "public" as const, sentence: `${capitalised(subject(urn))} ${effect}${told}.` }];
  });
};

/** Whether a rule allows all that reach it. */
function letsAllIn(rule: unknown): boolean {
  if (valueAt(rule, "action") !== "allow" || valueAt(rule, "preview") === true) return false;
  const ranges = valueAt(rule, "match.config.srcIpRanges");
  const expression = valueAt(rule, "match.expr.expression");
  return (
    (Array.isArray(ranges) && ranges.some((range) => ANYWHERE.includes(String(range)))) ||
    (typeof expression === "string" && /^[\s(]*true[\s)]*$/i.test(expression))
  );
}

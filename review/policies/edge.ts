import { objectOf, objectsOf, type Properties, textOf, textsOf } from "../../local/kernel/property-values.ts";
import type { GraphIndex } from "../graph/graph-index.ts";
import type { ResourceState } from "../preview/stack-preview.ts";
import { isUnknown, valueIn } from "./policy.ts";
import { workloadsOf } from "./workload.ts";

const NETWORK_GROUP = "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup";
const BACKENDS = [
  "gcp:compute/backendService:BackendService",
  "gcp:compute/regionBackendService:RegionBackendService",
];
const SECURITY_POLICIES = [
  "gcp:compute/securityPolicy:SecurityPolicy",
  "gcp:compute/regionSecurityPolicy:RegionSecurityPolicy",
];
/** Rules that are resources of their own. */
const RULES = [
  "gcp:compute/securityPolicyRule:SecurityPolicyRule",
  "gcp:compute/regionSecurityPolicyRule:RegionSecurityPolicyRule",
];
const LAST = 2_147_483_647;
const EVERYBODY = ["*", "0.0.0.0/0", "::/0"];
/** Half the internet twice is all of it: what is wider than the widest network that anybody has. */
const WIDE = /^[\d.]+\/[0-7]$|^[0-9a-f:]+\/\d$/i;
const ALWAYS = /^\(*\s*(true\b|inIpRange\(\s*origin\.ip\s*,\s*['"](0\.0\.0\.0|::)\/0['"])/;

/** Whether requests from outside come to all of these services through guarded load balancers alone. */
export function areBehindEdge(graph: GraphIndex, services: readonly ResourceState[]): boolean {
  const open = services.map(({ urn }) => urn);
  const found = workloadsOf(graph).filter(({ resource }) => open.includes(resource.urn));
  return (
    found.length > 0 &&
    found.every(({ resource, ingress }) => {
      const backends = graph
        .referringTo(resource, NETWORK_GROUP, "cloudRun")
        .flatMap((group) => BACKENDS.flatMap((type) => graph.referringTo(group, type, "backends")));
      return (
        (ingress === "balanced" || ingress === "unknown") &&
        backends.length > 0 &&
        backends.every((backend) => isGuarded(graph, backend))
      );
    })
  );
}

/** Whether the first rule that takes everybody refuses them. */
function isGuarded(graph: GraphIndex, backend: ResourceState): boolean {
  return graph.sourcesOf(backend, "securityPolicy", ...SECURITY_POLICIES).some((policy) => {
    if (isUnknown(policy.inputs.rules)) return true;
    const own = RULES.flatMap((type) => graph.referringTo(policy, type, "securityPolicy"));
    const rules = [...objectsOf(policy.inputs.rules), ...own.map(({ inputs }) => inputs)]
      // One that is only tried out decides nothing.
      .filter(({ preview }) => preview !== true)
      .sort((left, right) => priorityOf(left) - priorityOf(right));
    const first = rules.find((rule) => (isDenial(rule) ? takesAll(rule) : takesMost(rule)));
    return first !== undefined && isDenial(first);
  });
}

function priorityOf({ priority }: Properties): number {
  return typeof priority === "number" ? priority : LAST;
}

function isDenial({ action }: Properties): boolean {
  return /^deny/.test(textOf(action) ?? "");
}

function takesAll(rule: Properties): boolean {
  const ranges = rangesOf(rule);
  return ranges.includes("*") || ["0.0.0.0/0", "::/0"].every((range) => ranges.includes(range));
}

function takesMost(rule: Properties): boolean {
  const expression = textOf(objectOf(valueIn(rule, "match", "expr")).expression) ?? "";
  return (
    ALWAYS.test(expression.trim()) ||
    rangesOf(rule).some((range) => EVERYBODY.includes(range) || WIDE.test(range))
  );
}

function rangesOf(rule: Properties): readonly string[] {
  return textsOf(valueIn(rule, "match", "config", "srcIpRanges"));
}

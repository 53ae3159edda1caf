import type { Report } from "../kind.ts";
import { childPath } from "../paths.ts";
import { unique } from "../rules/lists.ts";
import { duration, whole } from "../rules/numbers.ts";
import { atMostOneOf, dependent } from "../rules/presence.ts";
import { type CitedRules, cite, inObject, ofText } from "../rules/rule.ts";
import { oneOf, rfc1035Label } from "../rules/text.ts";
import { isList, isProperties, listed, nested, type Properties, UNKNOWN } from "../values.ts";

const INGRESS = [
  "INGRESS_TRAFFIC_ALL",
  "INGRESS_TRAFFIC_INTERNAL_ONLY",
  "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
];
const RESERVED_VARIABLES = /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION)$|^X_GOOGLE_/;
const SERVICES = "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services";
const INSTANCES = whole({ from: 0, to: 1_000_000, what: "instances" });
const SCALING = inObject(({ minInstanceCount: min, maxInstanceCount: max }, report) => {
  if (typeof min === "number" && typeof max === "number" && max > 0 && min > max) {
    report("minInstanceCount", `must be at most maxInstanceCount, ${max}`);
  }
});
/** Parts of a service that the local Cloud Run would ignore. */
const UNSUPPORTED = ["binaryAuthorization", "buildConfig", "iapEnabled", "multiRegionSettings", "scaling"];
const UNSUPPORTED_IN_TEMPLATE = [
  "encryptionKey",
  "nodeSelector",
  "serviceMesh",
  "sessionAffinity",
  "volumes",
  "vpcAccess",
  "gpuZonalRedundancyDisabled",
];
const UNSUPPORTED_IN_CONTAINER = [
  "buildInfos",
  "dependsOns",
  "sandboxLauncher",
  "volumeMounts",
  "workingDir",
];

/** What Cloud Run's API refuses. */
export const SERVICE_RULES: readonly CitedRules[] = [
  cite(SERVICES, {
    name: rfc1035Label({ to: 49 }),
    ingress: oneOf(...INGRESS),
    "template.scaling": SCALING,
    "template.scaling.minInstanceCount": INSTANCES,
    "template.scaling.maxInstanceCount": INSTANCES,
    scaling: SCALING,
    "scaling.minInstanceCount": INSTANCES,
    "scaling.maxInstanceCount": INSTANCES,
    template: inObject(({ containers }, report) => {
      if (containers === undefined || (isList(containers) && containers.length === 0)) {
        report("containers", "must hold a container");
      }
    }),
    "template.containers[].ports.containerPort": whole({ from: 1, to: 65_535, what: "a port" }),
    "template.containers[].envs[].name": ofText((name) =>
      name === "" || name.includes("=") ? 'must be a name without "="' : undefined,
    ),
    "template.containers[].envs": unique("name"),
    "template.containers[].envs[]": atMostOneOf("value", "valueSource"),
  }),
  cite("https://cloud.google.com/run/docs/configuring/request-timeout", {
    "template.timeout": duration({ from: 1, to: 3600, what: "Cloud Run's request timeout" }),
  }),
  cite("https://cloud.google.com/run/docs/configuring/concurrency", {
    "template.maxInstanceRequestConcurrency": whole({
      from: 1,
      to: 1000,
      what: "requests at once to an instance",
    }),
  }),
  cite("https://cloud.google.com/run/docs/configuring/services/environment-variables#reserved", {
    "template.containers[].envs[].name": ofText((name) =>
      RESERVED_VARIABLES.test(name) ? "must not be a name that Cloud Run sets itself" : undefined,
    ),
  }),
  cite("https://cloud.google.com/run/docs/deploying-source-code", {
    "template.containers[]": dependent("image", ["scratch"], { required: ["sourceCode", "baseImageUri"] }),
  }),
];

/** What Cloud Run would do and the local one does not. */
export function unsupportedInService(inputs: Properties, report: Report): void {
  const template = nested(inputs, "template");
  const absent = (properties: Properties, names: readonly string[], path: string) => {
    for (const name of names) {
      const value = properties[name];
      if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) continue;
      report(childPath(path, name), "must be absent: the local Cloud Run cannot do it");
    }
  };
  absent(inputs, UNSUPPORTED, "");
  absent(template, UNSUPPORTED_IN_TEMPLATE, "template");
  if (template.serviceAccount === undefined && inputs.template !== UNKNOWN) {
    report("template.serviceAccount", "must be set: there is no default account here");
  }
  if (listed(template, "containers").length > 1) {
    report("template.containers", "must hold one container: the local Cloud Run has no sidecars");
  }
  for (const [index, container] of listed(template, "containers").entries()) {
    if (!isProperties(container)) continue;
    const path = `template.containers[${index}]`;
    absent(container, UNSUPPORTED_IN_CONTAINER, path);
    if (container.sourceCode === undefined) {
      report(
        `${path}.sourceCode`,
        "must be set: the local Cloud Run starts bundles from Storage, not images",
      );
    }
  }
}

import type { Report } from "../kind.ts";
import { childPath } from "../paths.ts";
import { isProperties, listed, nested, type Properties, UNKNOWN } from "../values.ts";
import { checkDuration, checkPattern, checkRange, checkWord } from "./names.ts";

const INGRESS = [
  "INGRESS_TRAFFIC_ALL",
  "INGRESS_TRAFFIC_INTERNAL_ONLY",
  "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
];
/** @see https://cloud.google.com/run/docs/configuring/services/environment-variables#reserved */
const RESERVED_VARIABLES = /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION)$|^X_GOOGLE_/;
/** Parts of a service that the local Cloud Run would ignore. */
const UNSUPPORTED = [
  "binaryAuthorization",
  "buildConfig",
  "iapEnabled",
  "multiRegionSettings",
  "scaling",
  "traffics",
];
const UNSUPPORTED_IN_TEMPLATE = [
  "encryptionKey",
  "nodeSelector",
  "revision",
  "serviceMesh",
  "sessionAffinity",
  "volumes",
  "vpcAccess",
  "gpuZonalRedundancyDisabled",
];
const UNSUPPORTED_IN_CONTAINER = [
  "buildInfos",
  "dependsOns",
  "livenessProbe",
  "readinessProbe",
  "sandboxLauncher",
  "volumeMounts",
  "workingDir",
];

/** What Cloud Run's API refuses. @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services */
export function checkService(inputs: Properties, report: Report): void {
  checkPattern(
    inputs,
    "name",
    /^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$/,
    "must be 1 to 49 lower-case letters, digits and dashes, begin with a letter and not end in a dash",
    report,
  );
  checkWord(inputs.ingress, "ingress", INGRESS, report);
  const template = nested(inputs, "template");
  const timeout = { from: 1, to: 3600, what: "Cloud Run's request timeout" };
  checkDuration(template.timeout, "template.timeout", timeout, report);
  const concurrency = { from: 1, to: 1000, what: "requests at once to an instance" };
  checkRange(
    template.maxInstanceRequestConcurrency,
    "template.maxInstanceRequestConcurrency",
    concurrency,
    report,
  );
  checkScaling(nested(template, "scaling"), "template.scaling", report);
  checkScaling(nested(inputs, "scaling"), "scaling", report);
  const containers = template.containers;
  if (inputs.template === UNKNOWN) return;
  if (containers === undefined || (Array.isArray(containers) && containers.length === 0)) {
    report("template.containers", "must hold a container");
  }
  for (const [index, container] of listed(template, "containers").entries()) {
    if (isProperties(container)) checkContainer(container, `template.containers[${index}]`, report);
  }
}

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

function checkScaling(scaling: Properties, path: string, report: Report): void {
  const { minInstanceCount: min, maxInstanceCount: max } = scaling;
  const instances = { from: 0, to: 1_000_000, what: "instances" };
  checkRange(min, `${path}.minInstanceCount`, instances, report);
  checkRange(max, `${path}.maxInstanceCount`, instances, report);
  if (typeof min === "number" && typeof max === "number" && max > 0 && min > max) {
    report(`${path}.minInstanceCount`, `must be at most maxInstanceCount, ${max}`);
  }
}

function checkContainer(container: Properties, path: string, report: Report): void {
  if (container.image === "scratch") {
    if (container.sourceCode === undefined) {
      report(`${path}.sourceCode`, 'must be set: the image "scratch" holds nothing');
    } else if (container.baseImageUri === undefined) {
      report(`${path}.baseImageUri`, 'must be set: the image "scratch" runs on a base image');
    }
  }
  const port = nested(container, "ports").containerPort;
  checkRange(port, `${path}.ports.containerPort`, { from: 1, to: 65_535, what: "a port" }, report);
  const seen = new Set<string>();
  for (const [index, variable] of listed(container, "envs").entries()) {
    if (!isProperties(variable)) continue;
    const { name } = variable;
    const at = `${path}.envs[${index}]`;
    if (typeof name === "string") {
      if (RESERVED_VARIABLES.test(name))
        report(`${at}.name`, "must not be a name that Cloud Run sets itself");
      if (name === "" || name.includes("=")) report(`${at}.name`, 'must be a name without "="');
      if (seen.has(name)) report(`${at}.name`, "must be set once only");
      seen.add(name);
    }
    if (variable.value !== undefined && variable.valueSource !== undefined) {
      report(`${at}.valueSource`, "must be absent beside value");
    }
  }
}

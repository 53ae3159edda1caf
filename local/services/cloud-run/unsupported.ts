import { childPath } from "../../../review/rules/paths.ts";
import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties, UNKNOWN } from "../../../review/rules/values.ts";

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

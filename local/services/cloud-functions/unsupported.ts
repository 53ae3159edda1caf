import { childPath } from "../../../review/rules/paths.ts";
import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, type Properties, UNKNOWN } from "../../../review/rules/values.ts";

/** Parts of a function that the local cloud would ignore. */
const UNSUPPORTED = ["eventTrigger", "kmsKeyName"];
const UNSUPPORTED_IN_BUILD = ["environmentVariables", "workerPool"];
const UNSUPPORTED_IN_SERVICE = [
  "binaryAuthorizationPolicy",
  "directVpcEgress",
  "directVpcNetworkInterfaces",
  "secretVolumes",
  "vpcConnector",
  "vpcConnectorEgressSettings",
];

/** What Cloud Functions would do and the local cloud does not. */
export function unsupportedInFunction(inputs: Properties, report: Report): void {
  const build = nested(inputs, "buildConfig");
  const service = nested(inputs, "serviceConfig");
  const absent = (properties: Properties, names: readonly string[], path: string) => {
    for (const name of names) {
      const value = properties[name];
      if (value === undefined || (isProperties(value) && Object.keys(value).length === 0)) continue;
      report(childPath(path, name), "must be absent: the local Cloud Functions cannot do it");
    }
  };
  absent(inputs, UNSUPPORTED, "");
  absent(build, UNSUPPORTED_IN_BUILD, "buildConfig");
  absent(service, UNSUPPORTED_IN_SERVICE, "serviceConfig");
  if (typeof build.runtime === "string" && !build.runtime.startsWith("nodejs")) {
    report("buildConfig.runtime", "must be Node.js: the local Cloud Functions run nothing else");
  }
  if (nested(build, "source").repoSource !== undefined) {
    report("buildConfig.source.repoSource", "must be absent: local sources are in Storage");
  }
  if (service.allTrafficOnLatestRevision === false) {
    report("serviceConfig.allTrafficOnLatestRevision", "must be true: the newest revision gets all");
  }
  for (const [holder, path] of [
    [build, "buildConfig.serviceAccount"],
    [service, "serviceConfig.serviceAccountEmail"],
  ] as const) {
    const name = path.slice(path.indexOf(".") + 1);
    const isKnown = inputs.buildConfig !== UNKNOWN && inputs.serviceConfig !== UNKNOWN;
    if (isKnown && holder[name] === undefined) report(path, "must be set: there is no default account here");
  }
  for (const [index, variable] of listed(service, "secretEnvironmentVariables").entries()) {
    if (isProperties(variable) && typeof variable.projectId === "string" && /^\d+$/.test(variable.projectId))
      report(
        `serviceConfig.secretEnvironmentVariables[${index}].projectId`,
        "must be the project's id: local secrets are not found by its number",
      );
  }
}

import type { Report } from "../kind.ts";
import { childPath } from "../paths.ts";
import { unique } from "../rules/lists.ts";
import { whole } from "../rules/numbers.ts";
import { atMostOneOf, exactlyOneOf } from "../rules/presence.ts";
import { type CitedRules, cite, inObject, ofText } from "../rules/rule.ts";
import { matching, oneOf, rfc1035Label } from "../rules/text.ts";
import { isProperties, listed, nested, type Properties, UNKNOWN } from "../values.ts";
import { brokenCpu, brokenMemory, brokenTogether, CPU, cpus, MEMORY } from "./cpu-memory.ts";
import { SCALING_OF_INSTANCES, secretVersion, serviceAccountEmail, variableName } from "./run-settings.ts";

export const FUNCTIONS =
  "https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions";
const VARIABLES = "https://cloud.google.com/functions/docs/configuring/env-var";
const SECRETS = "https://cloud.google.com/functions/docs/configuring/secrets";
const CURRENT_NODE = ["nodejs22", "nodejs24", "nodejs26"];
/** Of the other languages, the form alone: nothing here runs them. */
const OTHER_RUNTIME = /^(python|go|java|ruby|php|dotnet)\d{1,3}$/;
const RESERVED_VARIABLES =
  /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION|FUNCTION_TARGET|FUNCTION_SIGNATURE_TYPE)$|^X_GOOGLE_/;
const HTTP_SECONDS = 3600;
const EVENT_SECONDS = 540;
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

/** What the API of Cloud Functions refuses. */
export const FUNCTION_RULES: readonly CitedRules[] = [
  cite(FUNCTIONS, {
    name: rfc1035Label({ to: 63 }),
    "": inObject((inputs, report) => {
      if (inputs.buildConfig === undefined) report("buildConfig", "must be set");
    }),
    buildConfig: inObject((config, report) => {
      for (const name of ["runtime", "source"]) if (config[name] === undefined) report(name, "must be set");
    }),
    "buildConfig.entryPoint": matching(
      /^[A-Za-z_$][\w$.]*$/,
      "must be the name of a function that the source exports",
    ),
    "buildConfig.source": exactlyOneOf("storageSource", "repoSource"),
    "buildConfig.source.storageSource": inObject((source, report) => {
      for (const name of ["bucket", "object"]) if (source[name] === undefined) report(name, "must be set");
    }),
    "buildConfig.dockerRepository": matching(
      /^projects\/[^/]+\/locations\/[^/]+\/repositories\/[^/]+$/,
      "must be projects/P/locations/L/repositories/R",
    ),
    "serviceConfig.ingressSettings": oneOf("ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"),
    "serviceConfig.serviceAccountEmail": serviceAccountEmail(),
    "serviceConfig.vpcConnectorEgressSettings": oneOf("PRIVATE_RANGES_ONLY", "ALL_TRAFFIC"),
    "serviceConfig.directVpcEgress": oneOf("VPC_EGRESS_ALL_TRAFFIC", "VPC_EGRESS_PRIVATE_RANGES_ONLY"),
    serviceConfig: [SCALING_OF_INSTANCES, atMostOneOf("vpcConnector", "directVpcNetworkInterfaces")],
    "eventTrigger.retryPolicy": oneOf("RETRY_POLICY_DO_NOT_RETRY", "RETRY_POLICY_RETRY"),
  }),
  cite("https://cloud.google.com/functions/docs/runtime-support", {
    "buildConfig.runtime": ofText((runtime) => {
      if (CURRENT_NODE.includes(runtime) || OTHER_RUNTIME.test(runtime)) return undefined;
      return `must be a runtime that Cloud Functions still has: ${CURRENT_NODE.join(", ")}, or one of another language`;
    }),
  }),
  cite("https://cloud.google.com/functions/docs/securing/build-custom-sa", {
    // The API answers with this form, and another differs for ever.
    "buildConfig.serviceAccount": matching(
      /^projects\/[^/]+\/serviceAccounts\/[^/]+@[^/]+$/,
      "must be the account's whole name, projects/P/serviceAccounts/EMAIL",
    ),
  }),
  cite("https://cloud.google.com/functions/docs/configuring/timeout", {
    "": inObject(({ serviceConfig, eventTrigger }, report) => {
      if (!isProperties(serviceConfig) || typeof serviceConfig.timeoutSeconds !== "number") return;
      const limit = isProperties(eventTrigger) ? EVENT_SECONDS : HTTP_SECONDS;
      const what = isProperties(eventTrigger) ? "an event's" : "an HTTP request's";
      whole({ from: 1, to: limit, what: `seconds of ${what} timeout` })(
        serviceConfig.timeoutSeconds,
        (_, rule) => report("serviceConfig.timeoutSeconds", rule),
      );
    }),
  }),
  cite("https://cloud.google.com/functions/docs/configuring/max-instances", {
    "serviceConfig.maxInstanceCount": whole({ from: 1, to: 1000, what: "instances" }),
    "serviceConfig.minInstanceCount": whole({ from: 0, to: 1000, what: "instances" }),
  }),
  cite("https://cloud.google.com/functions/docs/configuring/concurrency", {
    "serviceConfig.maxInstanceRequestConcurrency": whole({
      from: 1,
      to: 1000,
      what: "requests at once to an instance",
    }),
    serviceConfig: inObject((config, report) => {
      const { maxInstanceRequestConcurrency: concurrency, availableCpu } = config;
      if (typeof concurrency !== "number" || concurrency <= 1) return;
      // Left out, the CPU follows from the memory, and is less than one up to 1 GiB.
      if (availableCpu === undefined) report("availableCpu", "must be set, to 1 or more, beside concurrency");
      else if (typeof availableCpu === "string" && (cpus(availableCpu) ?? 1) < 1)
        report("maxInstanceRequestConcurrency", `must be 1 beside ${availableCpu} CPU`);
    }),
  }),
  cite(CPU, { "serviceConfig.availableCpu": ofText(brokenCpu) }),
  cite(MEMORY, {
    "serviceConfig.availableMemory": ofText(brokenMemory),
    serviceConfig: inObject(({ availableCpu, availableMemory }, report) => {
      if (typeof availableCpu !== "string" || typeof availableMemory !== "string") return;
      const rule = brokenTogether(availableCpu, availableMemory);
      if (rule !== undefined) report("availableMemory", rule);
    }),
  }),
  cite(VARIABLES, {
    "serviceConfig.environmentVariables": inObject((variables, report) => {
      for (const name of Object.keys(variables)) {
        const at = childPath("", name);
        if (RESERVED_VARIABLES.test(name)) report(at, "must not be a name that Cloud Functions sets itself");
        else variableName()(name, (_, rule) => report(at, rule));
      }
    }),
  }),
  cite(SECRETS, {
    "serviceConfig.secretEnvironmentVariables": unique("key"),
    "serviceConfig.secretEnvironmentVariables[].key": [
      variableName(),
      ofText((name) =>
        RESERVED_VARIABLES.test(name) ? "must not be a name that Cloud Functions sets itself" : undefined,
      ),
    ],
    "serviceConfig.secretEnvironmentVariables[].secret": matching(
      /^[A-Za-z0-9_-]{1,255}$/,
      "must be the secret's short name, 1 to 255 letters, digits, dashes and underscores",
    ),
    "serviceConfig.secretEnvironmentVariables[].version": secretVersion(),
    serviceConfig: inObject(({ environmentVariables, secretEnvironmentVariables }, report) => {
      if (!isProperties(environmentVariables) || !Array.isArray(secretEnvironmentVariables)) return;
      for (const [index, variable] of secretEnvironmentVariables.entries()) {
        const { key } = isProperties(variable) ? variable : {};
        if (typeof key === "string" && Object.hasOwn(environmentVariables, key))
          report(`secretEnvironmentVariables[${index}].key`, "must not be among environmentVariables too");
      }
    }),
  }),
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

import { region } from "../../../review/rules/google/regions.ts";
import { unique } from "../../../review/rules/lists.ts";
import { whole } from "../../../review/rules/numbers.ts";
import { childPath } from "../../../review/rules/paths.ts";
import { atMostOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { matching, rfc1035Label } from "../../../review/rules/text.ts";
import { isProperties, type Properties } from "../../../review/rules/values.ts";
import { brokenCpu, brokenMemory, brokenTogether, CPU, cpus, MEMORY } from "../cloud-run/cpu-memory-rules.ts";
import { parseBytes } from "../cloud-run/quantity-syntax.ts";
import {
  CONCURRENCY,
  SCALING,
  secretVersion,
  serviceAccountEmail,
  unreservedVariable,
  variableName,
} from "../cloud-run/setting-rules.ts";

export const FUNCTIONS =
  "https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions";
const VARIABLES = "https://cloud.google.com/functions/docs/configuring/env-var";
const SECRETS = "https://cloud.google.com/functions/docs/configuring/secrets";
const MESSAGE_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished";
const CURRENT_NODE = ["nodejs22", "nodejs24", "nodejs26"];
/** Of the other languages, the form alone: nothing here runs them. */
const OTHER_RUNTIME = /^(python|go|java|ruby|php|dotnet)\d{1,3}$/;
const RESERVED_VARIABLES =
  /^(PORT|K_SERVICE|K_REVISION|K_CONFIGURATION|FUNCTION_TARGET|FUNCTION_SIGNATURE_TYPE)$|^X_GOOGLE_/;
/** What brings a whole CPU with it. @see https://cloud.google.com/functions/docs/configuring/memory */
const BYTES_OF_A_CPU = 2 * 1024 ** 3;
const HTTP_SECONDS = 3600;
const EVENT_SECONDS = 540;
/** What the API of Cloud Functions refuses. */
export const FUNCTION_RULES: readonly CitedRules[] = [
  cite("https://cloud.google.com/functions/docs/locations", { location: region() }),
  cite(FUNCTIONS, {
    name: rfc1035Label({ to: 63 }),
    "": inObject((inputs, report) => {
      if (inputs.buildConfig === undefined) report("buildConfig", "must be set");
    }),
    buildConfig: [
      inObject((config, report) => {
        for (const name of ["runtime", "source"]) if (config[name] === undefined) report(name, "must be set");
      }),
      atMostOneOf("automaticUpdatePolicy", "onDeployUpdatePolicy"),
    ],
    eventTrigger: inObject(checkTrigger),
    "buildConfig.entryPoint": matching(
      /^[A-Za-z_$][\w$.]*$/,
      "must be the name of a function that the source exports",
    ),
    "buildConfig.source": exactlyOneOf("storageSource", "repoSource"),
    "buildConfig.source.repoSource": atMostOneOf("branchName", "commitSha", "tagName"),
    "buildConfig.source.storageSource": inObject((source, report) => {
      for (const name of ["bucket", "object"]) if (source[name] === undefined) report(name, "must be set");
    }),
    "buildConfig.dockerRepository": matching(
      /^projects\/[^/]+\/locations\/[^/]+\/repositories\/[^/]+$/,
      "must be projects/P/locations/L/repositories/R",
    ),
    "serviceConfig.serviceAccountEmail": serviceAccountEmail(),
    serviceConfig: [SCALING, atMostOneOf("vpcConnector", "directVpcNetworkInterfaces")],
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
    "serviceConfig.maxInstanceRequestConcurrency": whole(CONCURRENCY),
    serviceConfig: inObject((config, report) => {
      const { maxInstanceRequestConcurrency: concurrency, availableCpu, availableMemory = "256M" } = config;
      if (typeof concurrency !== "number" || concurrency <= 1) return;
      // Left out, the CPU follows from the memory.
      const isFraction =
        typeof availableMemory === "string" && (parseBytes(availableMemory) ?? 0) < BYTES_OF_A_CPU;
      if (availableCpu === undefined && isFraction)
        report("availableCpu", "must be set, to 1 or more, beside concurrency");
      else if (typeof availableCpu === "string" && (cpus(availableCpu) ?? 1) < 1)
        report("maxInstanceRequestConcurrency", `must be 1 beside ${availableCpu} CPU`);
    }),
  }),
  cite(CPU, { "serviceConfig.availableCpu": ofText(brokenCpu) }),
  cite(MEMORY, {
    "serviceConfig.availableMemory": ofText((text) => brokenMemory(text)),
    serviceConfig: inObject(({ availableCpu, availableMemory }, report) => {
      if (typeof availableCpu !== "string" || typeof availableMemory !== "string") return;
      const rule = brokenTogether(availableCpu, availableMemory);
      if (rule !== undefined) report("availableMemory", rule);
    }),
  }),
  cite(VARIABLES, {
    "serviceConfig.environmentVariables": inObject((variables, report) => {
      for (const name of Object.keys(variables)) {
        for (const rule of [variableName(), unreservedVariable("Cloud Functions", RESERVED_VARIABLES)])
          rule(name, (_, broken) => report(childPath("", name), broken));
      }
    }),
  }),
  cite(SECRETS, {
    "serviceConfig.secretEnvironmentVariables": unique("key"),
    "serviceConfig.secretEnvironmentVariables[].key": [
      variableName(),
      unreservedVariable("Cloud Functions", RESERVED_VARIABLES),
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

/** A topic is what one type of event is about. */
function checkTrigger({ eventType, pubsubTopic }: Properties, report: Report): void {
  if (typeof eventType === "string" && eventType !== MESSAGE_PUBLISHED && presence(pubsubTopic) === "set")
    report("pubsubTopic", `must be absent unless eventType is ${MESSAGE_PUBLISHED}`);
}

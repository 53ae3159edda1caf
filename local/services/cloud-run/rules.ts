import { region } from "../../../review/rules/google/regions.ts";
import { count, unique } from "../../../review/rules/lists.ts";
import { between, duration, whole } from "../../../review/rules/numbers.ts";
import {
  atLeastOneOf,
  atMostOneOf,
  dependent,
  exactlyOneOf,
  onlyWhere,
  requiredWith,
} from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inList, inObject, type Rule } from "../../../review/rules/rule.ts";
import { characters, rfc1035Label } from "../../../review/rules/text.ts";
import { isProperties, nested } from "../../../review/rules/values.ts";
import { CONTAINER_RULES } from "./container-rules.ts";
import { CONCURRENCY, SCALING, serviceAccountEmail } from "./setting-rules.ts";

const SERVICES = "https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services";
const TRAFFIC = "https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration";
const LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
const REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";
const AUDIENCE_CHARACTERS = 32_768;
const INSTANCES = whole({ from: 0, to: 1_000_000, what: "instances" });
/** Google's own, which no user sets. */
const SYSTEM_KEY =
  /^(run\.googleapis\.com|cloud\.googleapis\.com|serving\.knative\.dev|autoscaling\.knative\.dev)\//;
const NO_SYSTEM_KEYS: Rule = inObject((entries, report) => {
  for (const key of Object.keys(entries).filter((name) => SYSTEM_KEY.test(name)))
    report(JSON.stringify([key]), "must not be in a namespace of Google's");
});

const PERCENTAGES: Rule = inList((targets, report) => {
  const percents = targets.map((target) => (isProperties(target) ? (target.percent ?? 0) : target));
  if (percents.length === 0 || percents.some((percent) => typeof percent !== "number")) return;
  const sum = percents.reduce<number>((total, percent) => total + Number(percent), 0);
  if (sum !== 100) report("", `must come to 100 percent; it is ${sum}`);
});

/** Where services are. */
export const SERVICE_LOCATION = cite("https://cloud.google.com/run/docs/locations", { location: region() });

/** What Cloud Run's API refuses. */
export const SERVICE_RULES: readonly CitedRules[] = [
  SERVICE_LOCATION,
  cite(SERVICES, {
    name: rfc1035Label({ to: 49 }),
    description: characters({ to: 512 }),
    annotations: NO_SYSTEM_KEYS,
    labels: NO_SYSTEM_KEYS,
    "template.annotations": NO_SYSTEM_KEYS,
    "template.labels": NO_SYSTEM_KEYS,
    "template.serviceAccount": serviceAccountEmail(),
    "template.vpcAccess": exactlyOneOf("connector", "networkInterfaces"),
    "template.vpcAccess.networkInterfaces": count({ from: 1, to: 1, what: "interface" }),
    "template.vpcAccess.networkInterfaces[]": atLeastOneOf("network", "subnetwork"),
    template: [
      requiredWith("encryptionKeyRevocationAction", "encryptionKey"),
      requiredWith("encryptionKeyShutdownDuration", "encryptionKey"),
    ],
    "template.scaling": SCALING,
    "template.scaling.minInstanceCount": INSTANCES,
    "template.scaling.maxInstanceCount": INSTANCES,
    scaling: [
      SCALING,
      onlyWhere("scalingMode", ["MANUAL"], "manualInstanceCount"),
      dependent("scalingMode", ["MANUAL"], { required: ["manualInstanceCount"] }),
    ],
    "scaling.minInstanceCount": INSTANCES,
    "scaling.maxInstanceCount": INSTANCES,
    "scaling.manualInstanceCount": INSTANCES,
    binaryAuthorization: atMostOneOf("useDefault", "policy"),
    "": inObject(({ name, template }, report) => {
      const { revision } = isProperties(template) ? nested({ template }, "template") : {};
      if (typeof name !== "string" || typeof revision !== "string" || revision === "") return;
      if (!revision.startsWith(`${name}-`) || revision.length > 63)
        report("template.revision", `must begin with "${name}-" and have at most 63 characters`);
    }),
  }),
  cite("https://cloud.google.com/run/docs/configuring/custom-audiences", {
    "customAudiences[]": characters({ from: 1, to: AUDIENCE_CHARACTERS }),
    customAudiences: inList((audiences, report) => {
      const length = audiences.reduce<number>((total, each) => total + String(each).length, 0);
      if (audiences.every((audience) => typeof audience === "string") && length > AUDIENCE_CHARACTERS)
        report("", `must have at most ${AUDIENCE_CHARACTERS} characters in all; it has ${length}`);
    }),
  }),
  cite(TRAFFIC, {
    traffics: [PERCENTAGES, unique("tag")],
    "traffics[].percent": between({ from: 0, to: 100, what: "percent" }),
    "traffics[].tag": rfc1035Label(),
    "traffics[]": [
      dependent("type", [REVISION], { required: ["revision"] }),
      dependent("type", [LATEST], { absent: ["revision"] }),
    ],
  }),
  cite("https://cloud.google.com/run/docs/configuring/request-timeout", {
    "template.timeout": duration({ from: 1, to: 3600, what: "Cloud Run's request timeout" }),
  }),
  cite("https://cloud.google.com/run/docs/configuring/concurrency", {
    "template.maxInstanceRequestConcurrency": whole(CONCURRENCY),
  }),
  ...CONTAINER_RULES,
];

import { type Properties, text } from "../../../review/rules/values.ts";
import { stableNumber } from "../../kernel/stable-number.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { type GoogleKindEntry, googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { CHANNEL_KIND, POLICY_KIND } from "./alert-policy.ts";
import { verifyConditions, verifyIndicator } from "./metric-matches.ts";
import { OBJECTIVE_KIND } from "./objective.ts";
import { DASHBOARD_RULES, OBJECTIVE_RULES, SERVICE_RULES } from "./objective-rules.ts";
import { ALERT_POLICY_RULES, CHANNEL_RULES, POLICIES } from "./rules.ts";
import { unsupportedObjective, unsupportedPolicy } from "./unsupported.ts";

const SERVICE_KIND = "gcp:monitoring/customService:CustomService";

const alertPolicy: GoogleKindEntry = {
  token: POLICY_KIND,
  references: { "notificationChannels[]": [CHANNEL_KIND] },
  ownProject: { "notificationChannels[]": POLICIES },
  defaults: () => ({ enabled: true }),
  rules: ALERT_POLICY_RULES,
  verify: verifyConditions,
  unsupported: unsupportedPolicy,
  chosenId: true,
  id: (inputs, urn) => `${projectId(inputs)}/alertPolicies/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, creationRecords: [] }),
};

const notificationChannel: KindEntry = {
  token: CHANNEL_KIND,
  defaults: () => ({ enabled: true, forceDelete: false }),
  rules: CHANNEL_RULES,
  chosenId: true,
  id: (inputs, urn) => `${projectId(inputs)}/notificationChannels/${stableNumber(urn, 19)}`,
  outputs: ({ id }) => ({ name: id, verificationStatus: "" }),
};

/** Groups objectives, and does nothing by itself. */
const customService: KindEntry = {
  token: SERVICE_KIND,
  rules: SERVICE_RULES,
  chosenId: true,
  id: (inputs, urn) => `${projectId(inputs)}/services/${idOf(inputs, "serviceId", urn)}`,
  outputs: ({ id }) => ({ name: id, serviceId: lastSegment(id) }),
};

const objective: KindEntry = {
  token: OBJECTIVE_KIND,
  rules: OBJECTIVE_RULES,
  verify: verifyIndicator,
  unsupported: unsupportedObjective,
  chosenId: true,
  id: (inputs, urn) =>
    `${projectId(inputs)}/services/${lastSegment(text(inputs, "service"))}/serviceLevelObjectives/${idOf(inputs, "sloId", urn)}`,
  outputs: ({ id }) => ({ name: id, sloId: lastSegment(id) }),
};

const dashboard: KindEntry = {
  token: "gcp:monitoring/dashboard:Dashboard",
  recorded: "A page that draws the dashboard's charts, from what the local cloud knows of each metric.",
  rules: DASHBOARD_RULES,
  chosenId: true,
  id: (inputs, urn) => `${projectId(inputs)}/dashboards/${stableNumber(urn, 19)}`,
};

/** As chosen, or as the service would choose. */
function idOf(inputs: Properties, property: string, urn: string): string {
  return typeof inputs[property] === "string" ? inputs[property] : stableNumber(urn, 19);
}

export const MONITORING_KINDS = googleKinds(
  import.meta.dirname,
  ["monitoring.googleapis.com"],
  [alertPolicy, customService, dashboard, notificationChannel, objective],
);

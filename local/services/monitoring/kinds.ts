import { stableNumber } from "../../kernel/stable-number.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { CHANNEL_KIND, POLICY_KIND } from "./alert-policy.ts";
import { ALERT_POLICY_RULES, CHANNEL_RULES } from "./rules.ts";
import { unsupportedPolicy } from "./unsupported.ts";

const alertPolicy: KindEntry = {
  token: POLICY_KIND,
  references: { "notificationChannels[]": [CHANNEL_KIND] },
  defaults: () => ({ enabled: true }),
  rules: ALERT_POLICY_RULES,
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

export const MONITORING_KINDS = googleKinds(
  import.meta.dirname,
  ["monitoring.googleapis.com"],
  [alertPolicy, notificationChannel],
);

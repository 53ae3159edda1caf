import { text } from "../../../review/rules/values.ts";
import { type GoogleKindEntry, googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { ACCOUNT_KIND } from "../iam/account-kind.ts";
import { TOPIC_KIND } from "../pubsub/topic-settings.ts";
import { JOB_KIND } from "./job.ts";
import { ENGLISH, JOB_RULES, JOBS } from "./rules.ts";

const job: GoogleKindEntry = {
  token: JOB_KIND,
  autoname: { property: "name", maxLength: 500, source: JOBS },
  references: {
    "pubsubTarget.topicName": [TOPIC_KIND],
    "httpTarget.oidcToken.serviceAccountEmail": [ACCOUNT_KIND],
    "httpTarget.oauthToken.serviceAccountEmail": [ACCOUNT_KIND],
  },
  ownProject: { "pubsubTarget.topicName": JOBS },
  defaults: (_, { region }) => ({ timeZone: "Etc/UTC", ...(region !== undefined && { region }) }),
  assigned: { paused: false },
  rules: JOB_RULES,
  unsupported({ appEngineHttpTarget, schedule }, report) {
    if (appEngineHttpTarget !== undefined) {
      report("appEngineHttpTarget", "must be absent: the local cloud has no App Engine");
    }
    if (typeof schedule === "string" && ENGLISH.test(schedule)) {
      report(
        "schedule",
        "must be in the form of crontab, of five fields: the local Scheduler reads no other",
      );
    }
  },
  id: (inputs) => `${projectId(inputs)}/locations/${text(inputs, "region")}/jobs/${text(inputs, "name")}`,
  outputs: ({ inputs }) => ({ state: inputs.paused === true ? "PAUSED" : "ENABLED" }),
  volatile: ["state"],
};

export const SCHEDULER_KINDS = googleKinds(import.meta.dirname, ["cloudscheduler.googleapis.com"], [job]);

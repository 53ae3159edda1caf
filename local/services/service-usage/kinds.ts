import { text } from "../../../review/rules/values.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { SERVICE_IDENTITY_RULES, SERVICE_RULES } from "./rules.ts";

/** Services and the account that acts for each within a project. @see https://cloud.google.com/iam/docs/service-agents */
const SERVICE_AGENTS: Readonly<Record<string, string>> = {
  "artifactregistry.googleapis.com": "gcp-sa-artifactregistry",
  "bigquerydatatransfer.googleapis.com": "gcp-sa-bigquerydatatransfer",
  "certificatemanager.googleapis.com": "gcp-sa-certificatemanager",
  "cloudkms.googleapis.com": "gcp-sa-cloudkms",
  "cloudscheduler.googleapis.com": "gcp-sa-cloudscheduler",
  "eventarc.googleapis.com": "gcp-sa-eventarc",
  "iap.googleapis.com": "gcp-sa-iap",
  "monitoring.googleapis.com": "gcp-sa-monitoring-notification",
  "pubsub.googleapis.com": "gcp-sa-pubsub",
  "run.googleapis.com": "serverless-robot-prod",
  "secretmanager.googleapis.com": "gcp-sa-secretmanager",
  "workflows.googleapis.com": "gcp-sa-workflows",
};

const serviceIdentity: KindEntry = {
  token: "gcp:projects/serviceIdentity:ServiceIdentity",
  shared: true,
  rules: SERVICE_IDENTITY_RULES,
  unsupported({ service }, report) {
    if (typeof service === "string" && !Object.hasOwn(SERVICE_AGENTS, service)) {
      report(
        "service",
        `must be one of ${Object.keys(SERVICE_AGENTS).join(", ")}: no other's agent is known here`,
      );
    }
  },
  id: (inputs) => `${projectId(inputs)}/services/${text(inputs, "service")}`,
  outputs: ({ inputs }) => {
    const agent = SERVICE_AGENTS[text(inputs, "service")];
    const email = `service-${projectNumber(text(inputs, "project"))}@${agent}.iam.gserviceaccount.com`;
    return { email, member: `serviceAccount:${email}` };
  },
};

const projectService: KindEntry = {
  token: "gcp:projects/service:Service",
  shared: true,
  // Others in the project may rely on it by then.
  outlives: ({ properties }) => properties.disableOnDestroy !== true,
  rules: SERVICE_RULES,
  id: (inputs) => `${text(inputs, "project")}/${text(inputs, "service")}`,
};

export const SERVICE_USAGE_KINDS = googleKinds(
  import.meta.dirname,
  ["serviceusage.googleapis.com"],
  [serviceIdentity, projectService],
);

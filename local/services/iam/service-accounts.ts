import { cite, ofText } from "../../../review/rules/rule.ts";
import { rfc1035Label } from "../../../review/rules/text.ts";
import { type Properties, text } from "../../../review/rules/values.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { Kind } from "../../provider/kind.ts";
import { projectId } from "../google/names.ts";
import { serviceName } from "../service-usage/services.ts";

const ACCOUNTS = "https://cloud.google.com/iam/docs/service-accounts-create#creating";

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

const account: Kind = {
  token: "gcp:serviceaccount/account:Account",
  autoname: { property: "accountId", maxLength: 30, lowerCase: true, source: ACCOUNTS },
  defaults: () => ({ disabled: false }),
  rules: [
    cite(ACCOUNTS, { accountId: rfc1035Label({ from: 6, to: 30 }) }),
    cite("https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts", {
      displayName: ofText((name) =>
        Buffer.byteLength(name) <= 100 ? undefined : "must have at most 100 bytes",
      ),
      description: ofText((text) =>
        Buffer.byteLength(text) <= 256 ? undefined : "must have at most 256 bytes",
      ),
    }),
  ],
  unsupported({ disabled }, report) {
    if (disabled === true) report("disabled", "must be false: the local IAM has no disabled accounts");
  },
  id: (inputs) => `${projectId(inputs)}/serviceAccounts/${text({ email: emailOf(inputs) }, "email")}`,
  known: (inputs) => {
    const email = emailOf(inputs);
    return email === undefined ? {} : { email, member: `serviceAccount:${email}` };
  },
  outputs: ({ id }) => ({ name: id }),
};

const serviceIdentity: Kind = {
  token: "gcp:projects/serviceIdentity:ServiceIdentity",
  shared: true,
  rules: [
    cite("https://cloud.google.com/iam/docs/service-agents", {
      service: serviceName(),
    }),
  ],
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

const projectService: Kind = {
  token: "gcp:projects/service:Service",
  shared: true,
  // Others in the project may rely on it by then.
  outlives: ({ properties }) => properties.disableOnDestroy !== true,
  rules: [
    cite("https://cloud.google.com/service-usage/docs/reference/rest/v1/services", {
      service: serviceName(),
    }),
  ],
  id: (inputs) => `${text(inputs, "project")}/${text(inputs, "service")}`,
};

export const IDENTITY_KINDS: readonly Kind[] = [account, serviceIdentity, projectService];

function emailOf({ accountId, project }: Properties): string | undefined {
  if (typeof accountId !== "string" || typeof project !== "string") return undefined;
  return `${accountId}@${project}.iam.gserviceaccount.com`;
}

import type { Principal } from "../../kernel/contract.ts";
import { projectNumber } from "../../kernel/project-number.ts";

/**
 * Cloud Storage's own account in a project: it publishes notifications, as far as it is allowed to.
 *
 * @see https://cloud.google.com/storage/docs/projects#service-agents
 */
export function serviceAgent(project: string): Principal {
  return { email: `service-${projectNumber(project)}@gs-project-accounts.iam.gserviceaccount.com` };
}

import type { Principal } from "../../kernel/contract.ts";
import { projectNumber } from "../../kernel/project-number.ts";

/**
 * Pub/Sub's own account in a project: it signs pushes and moves dead letters, as far as it is allowed to.
 *
 * @see https://cloud.google.com/iam/docs/service-agents
 */
export function serviceAgent(project: string): Principal {
  return { email: `service-${projectNumber(project)}@gcp-sa-pubsub.iam.gserviceaccount.com` };
}

/** What a workflow's token is good for; each is an identity of its own to Google Cloud. */
export const ACCESSES = ["preview", "drift", "deploy"] as const;
export type Access = (typeof ACCESSES)[number];

export interface TrustedRepository {
  /** GitHub's numbers, which outlive names: a name can be given up, and taken by somebody else. */
  readonly ownerId: string;
  readonly id: string;
  /** The branch that is deployed. */
  readonly branch: string;
}

/**
 * The access of a token from GitHub Actions, in CEL over its claims.
 *
 * Whoever may push a branch writes its workflows: what runs for a pull request or on another branch says what it
 * likes, though not which event, ref and environment it runs for, which GitHub itself puts into the token. A pull
 * request from a fork gets no token at all. `pull_request_target` runs with the branch's ref and a stranger's input,
 * so an event must be one of those that are named here.
 *
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export function accessOf(environment: string, { branch }: TrustedRepository): string {
  const onBranch = `assertion.ref == "refs/heads/${branch}"`;
  const approved = `has(assertion.environment) && assertion.environment == "${environment}"`;
  return [
    `assertion.event_name == "pull_request" && assertion.ref.startsWith("refs/pull/") ? "preview"`,
    `${onBranch} && assertion.event_name in ["push", "workflow_dispatch"] && ${approved} ? "deploy"`,
    `${onBranch} && assertion.event_name in ["schedule", "workflow_dispatch"] && !has(assertion.environment) ? "drift"`,
    `"none"`,
  ].join(" : ");
}

/** Which tokens are taken at all. */
export function conditionOf({ ownerId, id }: TrustedRepository): string {
  return [
    `assertion.repository_owner_id == "${ownerId}"`,
    `assertion.repository_id == "${id}"`,
    `attribute.access != "none"`,
  ].join(" && ");
}

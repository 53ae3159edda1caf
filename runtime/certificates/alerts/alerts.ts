/** What can be wrong with a domain, or with what all domains stand on. A runbook has the problem's name. */
export const PROBLEMS = [
  /** The CDN took a certificate and does not show it at the edge. */
  "activation-late",
  /** Backups of a domain that cannot be opened. */
  "backup-unreadable",
  /** The CA refuses our account, or its key. */
  "ca-account",
  /** The CA paused orders for the name, and gave a link that ends the pause. */
  "ca-paused",
  /** CAA records do not permit our CA any more. */
  "caa-forbids",
  /** The name leads elsewhere, or nowhere. */
  "dns-elsewhere",
  /** Less life is left than was promised. */
  "expiring",
  /** An order failed for a reason of the platform's own. */
  "order-failed",
  /** The name has left for so long that its renewal is paused. */
  "renewal-paused",
  /** Renewals fail, for whatever reason, and are tried again. */
  "renewal-failing",
  /** The site answers with 5xx, or not at all, over HTTPS through the edge. */
  "site-unhealthy",
  /** Another customer proved the name to be his, and has it now. */
  "taken-over",
  /** The edge shows another certificate than the stored one. */
  "wrong-certificate",
] as const;
export type Problem = (typeof PROBLEMS)[number];

export interface OpenProblem {
  /** A domain, or the name of what all domains stand on. */
  readonly subject: string;
  readonly problem: Problem;
  /** A sentence: what is wrong. */
  readonly what: string;
  /** RFC 3339. */
  readonly since: string;
}

/**
 * Problems that somebody shall hear of: each once when it opens, and once when it is over, however often
 * and from however many instances it is raised and cleared.
 */
export interface Alerts {
  raise(subject: string, problem: Problem, what: string): Promise<"raised" | "open">;
  clear(subject: string, problem: Problem): Promise<"cleared" | "absent">;
  /** The subject's open problems. */
  open(subject: string): Promise<readonly OpenProblem[]>;
}

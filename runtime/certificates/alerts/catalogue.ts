import type { Problem } from "./alerts.ts";

/** `critical`: visitors see it, or will within days. `error`: somebody must act. `warning`: it may mend itself. */
export type AlertSeverity = "critical" | "error" | "warning";

export interface ProblemFacts {
  readonly title: string;
  readonly severity: AlertSeverity;
  /** A sentence: what the platform does by itself. */
  readonly byItself: string;
  /** A sentence: what a person can do. The runbook says how. */
  readonly byPerson: string;
}

/** What is to be known of every problem. `docs/runbooks/PROBLEM.md` says more of each. */
export const CATALOGUE: Readonly<Record<Problem, ProblemFacts>> = {
  "activation-late": {
    title: "A certificate is not seen at the edge",
    severity: "warning",
    byItself: "It looks again every minute; the old certificate is kept until the new one is seen.",
    byPerson: "After an hour, ask Fastly about the activation, or bring the backup back to the edge.",
  },
  "backup-unreadable": {
    title: "A backup cannot be opened",
    severity: "error",
    byItself: "It falls back to the newest backup that opens, and backs up each certificate that it renews.",
    byPerson: "Renew the domain now, so that there is a good backup, then look for what damaged the other.",
  },
  "ca-account": {
    title: "The CA refuses our account",
    severity: "critical",
    byItself:
      "It orders from the next CA of the list, if there is one; certificates that are live go on being served.",
    byPerson:
      "Find out whether the account was deactivated or its key replaced, and give the platform another.",
  },
  "ca-paused": {
    title: "The CA has paused orders for a name",
    severity: "error",
    byItself: "It orders nothing more for the name until the pause has ended.",
    byPerson: "Mend what made the orders fail, then follow the CA's link to end the pause.",
  },
  "caa-forbids": {
    title: "CAA records forbid our CA",
    severity: "warning",
    byItself: "It goes on serving the certificate, and tries again at every check.",
    byPerson: "Tell the customer which record must change, and to what.",
  },
  "dns-elsewhere": {
    title: "A name does not lead to the edge",
    severity: "warning",
    byItself: "It keeps the domain and looks again at every check; after 30 days it stops renewing.",
    byPerson: "Ask the customer whether the name was moved on purpose; if so, remove the domain.",
  },
  expiring: {
    title: "A certificate has less life left than was promised",
    severity: "critical",
    byItself: "It goes on trying to renew, with a growing pause between tries.",
    byPerson: "Read why renewals fail, mend that, then renew the domain now.",
  },
  "order-failed": {
    title: "An order failed for a reason of our own",
    severity: "error",
    byItself: "It tries again at the time that the domain shows.",
    byPerson: "Read the issuer's log of the order, and mend what it names.",
  },
  "renewal-failing": {
    title: "Renewals fail",
    severity: "error",
    byItself:
      "It tries again after 1, 10 and 100 minutes, then once a day; the live certificate is served meanwhile.",
    byPerson: "Read the domain's reason: DNS and CAA are the customer's to mend, the rest is ours.",
  },
  "renewal-paused": {
    title: "A domain is not renewed any more",
    severity: "warning",
    byItself: "It checks the name now and then, and renews again once it leads here.",
    byPerson: "Ask the customer to lead the name here again, or remove the domain.",
  },
  "site-unhealthy": {
    title: "A site does not answer as it should",
    severity: "warning",
    byItself: "It looks again at every check, and serves on.",
    byPerson: "Ask the site in question through the edge and at its backend, to see which of them fails.",
  },
  "taken-over": {
    title: "A name has gone to another customer",
    severity: "warning",
    byItself:
      "It serves the name for the customer who proved it to be his, and tells nobody who the other was.",
    byPerson: "Nothing, unless the former customer objects: then compare what the audit log and DNS say.",
  },
  "wrong-certificate": {
    title: "The edge shows another certificate than ours",
    severity: "critical",
    byItself: "It looks again at every check.",
    byPerson: "Bring the backup back to the edge, and find out who changed what at Fastly.",
  },
};

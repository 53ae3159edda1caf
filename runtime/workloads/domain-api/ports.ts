import type { KnownAccounts } from "../../certificates/acme/known-accounts.ts";
import type { Alerts } from "../../certificates/alerts/alerts.ts";
import type { Budgets } from "../../certificates/budgets/budgets.ts";
import type { DomainEvents } from "../../certificates/events/domain-events.ts";
import type { Ownership } from "../../certificates/ownership/ownership.ts";
import type { Findings } from "../../certificates/registry/findings.ts";
import type { Registry } from "../../certificates/registry/registry.ts";
import type { Topic } from "../../google/publisher.ts";
import type { Logger } from "../../workload/logger.ts";
import type { Trace } from "../../workload/trace.ts";
import type { Caller } from "./caller.ts";
import type { PageTokens } from "./page-tokens.ts";

/** What the API stands on. */
export interface Ports {
  readonly registry: Registry;
  readonly findings: Pick<Findings, "read">;
  readonly budgets: Pick<Budgets, "takeRegistration" | "giveBackRegistration">;
  readonly ownership: Ownership;
  readonly alerts: Pick<Alerts, "raise">;
  readonly accounts: Pick<KnownAccounts, "list">;
  readonly pageTokens: PageTokens;
  readonly validation: Pick<Topic, "publish">;
  readonly events: DomainEvents;
  readonly issuing: Pick<Topic, "publish">;
  readonly checking: Pick<Topic, "publish">;
  readonly now: () => Date;
}

/** One request's circumstances. */
export interface Scope {
  readonly caller: Caller;
  readonly trace: Trace;
  readonly logger: Logger;
}

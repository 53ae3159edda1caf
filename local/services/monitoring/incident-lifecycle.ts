import type { DatabaseSync } from "node:sqlite";
import type { Logging, ResourceStore, Severity } from "../../kernel/contract.ts";
import { objectOf, textOf } from "../../kernel/property-values.ts";
import { inTransaction } from "../../kernel/transaction.ts";
import { type AlertPolicy, CHANNEL_KIND } from "./alert-policy.ts";
import type { Incident, Incidents, Notification } from "./incidents.ts";

/** Labels by which channels name their recipient. */
const RECIPIENT_LABELS = ["email_address", "channel_name", "topic", "number", "url"];

export interface IncidentLifecycleOptions {
  readonly db: DatabaseSync;
  readonly incidents: Incidents;
  readonly resources: ResourceStore;
  readonly logging: Pick<Logging, "write">;
  /** Whose log entries these are. */
  readonly source: string;
}

/**
 * What becomes of an incident, and who is told: its row and its notifications are kept together or not
 * at all, so what the disk refuses is done, and told of, at the next look. The log has it once it is kept.
 */
export class IncidentLifecycle {
  readonly #options: IncidentLifecycleOptions;

  constructor(options: IncidentLifecycleOptions) {
    this.#options = options;
  }

  /** Those of a policy that are open. */
  listOpen(policy: AlertPolicy): readonly Incident[] {
    return this.#options.incidents.listOpen(policy.name);
  }

  open(policy: AlertPolicy, cause: string, summary: string, now: number): void {
    const { db, incidents } = this.#options;
    const incident = inTransaction(db, () => {
      const opened = incidents.open(policy.name, cause, summary, now);
      this.#notify(policy, opened, "opened", now);
      return opened;
    });
    this.#say(policy, policy.severity, `Incident opened: ${policy.displayName}: ${summary}`, incident);
  }

  /** Notes that the cause of an open incident is still there. */
  see(incident: Incident, now: number): void {
    this.#options.incidents.see(incident, now, false);
  }

  /** `see`, and tells of the incident again. */
  remind(policy: AlertPolicy, incident: Incident, now: number): void {
    const { db, incidents } = this.#options;
    inTransaction(db, () => {
      incidents.see(incident, now, true);
      this.#notify(policy, incident, "opened", now);
    });
  }

  close(policy: AlertPolicy, incident: Incident, now: number): void {
    const { db, incidents } = this.#options;
    inTransaction(db, () => {
      incidents.close(incident, now);
      this.#notify(policy, incident, "closed", now);
    });
    this.#say(policy, "NOTICE", `Incident closed: ${policy.displayName}: ${incident.summary}`, incident);
  }

  #notify(policy: AlertPolicy, incident: Incident, event: Notification["event"], now: number): void {
    for (const name of policy.channels) {
      const channel = this.#options.resources.get(CHANNEL_KIND, name)?.properties;
      if (!channel || channel.enabled === false) continue;
      const labels = objectOf(channel.labels);
      const label = RECIPIENT_LABELS.find((candidate) => labels[candidate] !== undefined) ?? "";
      this.#options.incidents.keep({
        incident: incident.id,
        policy: policy.name,
        event,
        channel: name,
        type: textOf(channel.type) ?? "",
        recipient: textOf(labels[label]) ?? "",
        subject: `[ALERT${event === "closed" ? " - closed" : ""}] ${policy.displayName}: ${incident.summary}`,
        at: now,
      });
    }
  }

  #say(policy: AlertPolicy, severity: Severity, message: string, { id }: Incident): void {
    const { logging, source } = this.#options;
    logging.write({ severity, source, message, incident: id, policy: policy.name });
  }
}

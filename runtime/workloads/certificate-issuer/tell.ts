import { type DomainEvent, eventOf } from "../../certificates/events/domain-events.ts";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Logger } from "../../workload/logger.ts";
import type { IssuerPorts } from "./ports.ts";

type Told = Pick<DomainEvent, "type"> & Partial<Pick<DomainEvent, "isRenewal" | "notAfter" | "reason">>;

/**
 * Tells of what has become of a domain, before its record does: where telling fails, or the process dies,
 * the next delivery finds the record as it was, and tells again. The log line is what renewals are counted by.
 */
export async function tell(
  { events, now }: Pick<IssuerPorts, "events" | "now">,
  record: DomainRecord,
  told: Told,
  logger: Logger,
): Promise<void> {
  const event = eventOf(record, now(), told);
  await events.publish(event);
  logger.info({ event }, "Domain event");
}

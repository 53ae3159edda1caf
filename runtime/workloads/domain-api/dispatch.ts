import type { Checking, Issuing, MessageAttributes, Validation } from "../../certificates/messages.ts";
import type { DomainRecord, JournalEntry } from "../../certificates/registry/lifecycle.ts";
import { hasReached } from "../../certificates/registry/state.ts";
import { formatTraceparent } from "../../workload/trace.ts";
import type { Ports, Scope } from "./ports.ts";

/** Less than the 5 s after which a caller whose message was not sent is told to try again. */
const UNSENT_AFTER_MS = 4_000;
/** Longer than all deliveries of one message usually take; after it the message may be a dead letter. */
const STALLED_AFTER_MS = 15 * 60_000;

export async function sendToValidation(ports: Ports, scope: Scope, record: DomainRecord): Promise<void> {
  const message: Validation = { domain: record.domain, orderNumber: record.orderNumber };
  await ports.validation.publish(message, { ...attributesOf(scope, record) });
}

export async function sendToIssuer(
  ports: Ports,
  scope: Scope,
  record: DomainRecord,
  action: Issuing["action"],
  request?: string,
): Promise<void> {
  const message: Issuing = {
    action,
    domain: record.domain,
    orderNumber: record.orderNumber,
    ...(request !== undefined && { request }),
  };
  await ports.issuing.publish(message, { ...attributesOf(scope, record) });
}

export async function sendToChecker(ports: Ports, scope: Scope, record: DomainRecord): Promise<void> {
  const message: Checking = { domain: record.domain, asksAnew: true };
  await ports.checking.publish(message, { ...attributesOf(scope, record) });
}

/**
 * Sends the message of an order in progress again if its last one seems lost: this API crashed
 * before it published, or the message became a dead letter. Handlers take duplicates.
 */
export async function resendIfStalled(
  ports: Ports,
  scope: Scope,
  record: DomainRecord,
  journal: readonly JournalEntry[],
): Promise<void> {
  const started = journal.some(({ phase }) => phase !== "registered");
  const last = Math.max(Date.parse(record.updatedAt), ...journal.map(({ at }) => Date.parse(at)));
  if (!(await mayResend(ports, record, last, started ? STALLED_AFTER_MS : UNSENT_AFTER_MS))) return;
  scope.logger.warn(
    { domain: record.domain, orderNumber: record.orderNumber, last: new Date(last).toISOString() },
    "Order resumed",
  );
  if (hasReached(journal, "validated")) await sendToIssuer(ports, scope, record, "issue");
  else await sendToValidation(ports, scope, record);
}

/** The same for a `removing` record. */
export async function resendRemovalIfStalled(
  ports: Ports,
  scope: Scope,
  record: DomainRecord,
): Promise<void> {
  if (await mayResend(ports, record, Date.parse(record.updatedAt), UNSENT_AFTER_MS)) {
    await sendToIssuer(ports, scope, record, "remove");
  }
}

/**
 * Whether it is this caller's to send a message again, of which nothing was heard since `last`: once
 * after `firstMs`, and once more each time that the silence has doubled, however many ask.
 */
async function mayResend(
  ports: Ports,
  { domain, orderNumber }: DomainRecord,
  last: number,
  firstMs: number,
): Promise<boolean> {
  const silentMs = ports.now().getTime() - last;
  if (silentMs < firstMs) return false;
  const doublings = Math.floor(Math.log2(silentMs / firstMs));
  return (await ports.registry.claim(domain, orderNumber, `resent-${last}-${doublings}`)) === "claimed";
}

function attributesOf(scope: Scope, record: DomainRecord): MessageAttributes {
  return { customer: record.customer, traceparent: formatTraceparent(scope.trace) };
}

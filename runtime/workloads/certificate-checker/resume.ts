import { checkDns } from "../../certificates/dns/check-dns.ts";
import { change } from "../../certificates/registry/change.ts";
import { isDue } from "../../certificates/registry/due.ts";
import type { DomainRecord, JournalEntry } from "../../certificates/registry/lifecycle.ts";
import { entryOf, hasReached } from "../../certificates/registry/state.ts";
import { resend, retry } from "../../certificates/registry/transitions.ts";
import { certificateFindings } from "./findings.ts";
import type { CheckDelivery, CheckerPorts } from "./ports.ts";
import { sendToIssuer, sendToValidation } from "./send.ts";

/** Longer than Fastly takes for an activation by what it says. */
const LATE_MS = 3_600_000;
/** Longer than a renewal takes, its waiting for a budget included. */
const LONG_MS = 86_400_000;

/** Sends the message of an order, or of a removal, again that is due: it waited for something, or was lost. */
export async function resume(
  ports: CheckerPorts,
  record: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const { registry, now } = ports;
  const { domain } = record;
  const resumed = await change(registry, domain, (current) => resend(current, now()));
  if (resumed.kind !== "changed") return;
  const { lifecycle, orderNumber } = resumed.record;
  delivery.logger.info({ domain, orderNumber, lifecycle }, "Order resumed");
  if (lifecycle === "removing") return sendToIssuer(ports, resumed.record, "remove", delivery);
  const journal = await registry.journal(domain, orderNumber);
  await tellIfLate(ports, domain, journal);
  if (lifecycle === "renewing") await tellIfLong(ports, resumed.record, journal);
  if (lifecycle === "renewing" || hasReached(journal, "validated")) {
    return sendToIssuer(ports, resumed.record, "issue", delivery);
  }
  return sendToValidation(ports, resumed.record, delivery);
}

/** A renewal that waits has not failed, however long it does: somebody should hear of it all the same. */
async function tellIfLong(
  { alerts, now }: CheckerPorts,
  record: DomainRecord,
  journal: readonly JournalEntry[],
): Promise<void> {
  const { domain, reason = "no reason is known", notBefore, notAfter } = record;
  const since = entryOf(journal, "registered")?.at;
  if (since !== undefined && now().getTime() - Date.parse(since) >= LONG_MS) {
    const what = `The renewal of ${domain} has been under way since ${since}: ${reason}`;
    await alerts.raise(domain, "renewal-failing", what);
  }
  if (notBefore === undefined || notAfter === undefined) return;
  const { expiring } = certificateFindings(record, { notBefore, notAfter }, now());
  if (typeof expiring === "string") await alerts.raise(domain, "expiring", expiring);
}

/** Gives a failed domain another order, once its time has come. */
export async function tryAgain(
  ports: CheckerPorts,
  record: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const { now } = ports;
  if (record.dueAt !== undefined && !isDue(record, now())) return;
  await startAgain(ports, record.domain, delivery);
}

/** A paused domain goes on once its name leads to the edge again. */
export async function revisit(
  ports: CheckerPorts,
  { domain }: DomainRecord,
  delivery: CheckDelivery,
): Promise<void> {
  const dns = await checkDns(ports.dnsRules, domain);
  if (dns.kind !== "fit") return;
  await startAgain(ports, domain, delivery);
  await ports.alerts.clear(domain, "renewal-paused");
  await ports.alerts.clear(domain, "dns-elsewhere");
}

async function startAgain(ports: CheckerPorts, domain: string, delivery: CheckDelivery): Promise<void> {
  const { registry, now } = ports;
  const started = await change(registry, domain, async (record) =>
    retry(record, await registry.journal(domain, record.orderNumber), now()),
  );
  if (started.kind !== "changed" || started.record.lifecycle !== "registered") return;
  const { orderNumber, updatedAt } = started.record;
  await registry.append(domain, orderNumber, { phase: "registered", at: updatedAt, detail: {} });
  delivery.logger.info({ domain, orderNumber }, "Another order started");
  await sendToValidation(ports, started.record, delivery);
}

/** "Accepted by Fastly" and "seen at the edge" are two states. */
async function tellIfLate(
  { alerts, now }: CheckerPorts,
  domain: string,
  journal: readonly JournalEntry[],
): Promise<void> {
  const accepted = entryOf(journal, "accepted");
  if (!accepted || hasReached(journal, "active")) return;
  if (now().getTime() - Date.parse(accepted.at) < LATE_MS) return;
  const what = `Fastly took the certificate of ${domain} at ${accepted.at}, and the edge does not show it.`;
  await alerts.raise(domain, "activation-late", what);
}

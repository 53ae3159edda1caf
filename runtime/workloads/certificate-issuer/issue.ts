import { randomUUID } from "node:crypto";
import type { CertificateWithKey } from "../../certificates/backup/certificate-backups.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { certificateOf, hasReached } from "../../certificates/registry/state.ts";
import { activate, fail, postpone, standing } from "../../certificates/registry/transitions.ts";
import type { Logger } from "../../workload/logger.ts";
import type { Outcome } from "../../workload/outcome.ts";
import { ChallengeTokens } from "./challenge-tokens.ts";
import { obtainCertificate, versionOf } from "./obtain-certificate.ts";
import { OrderJournal, type OrderWork } from "./order-journal.ts";
import { OrderWaits } from "./order-waits.ts";
import { giveBack, pay, workOf } from "./payment.ts";
import type { IssuerPorts } from "./ports.ts";
import { revokeBackup } from "./revoke-backup.ts";
import { seenAtEdge } from "./seen-at-edge.ts";
import { tell } from "./tell.ts";
import { unusedBackup } from "./unused-backup.ts";
import { isOwners, OrderFailed, type Verdict, verdictOf } from "./verdict.ts";

/** Orders of a domain whose journals are kept, the current one among them. */
const ORDERS_KEPT = 12;

export interface WorkContext {
  readonly logger: Logger;
  /** Aborts when the delivery has taken as long as it may. */
  readonly signal: AbortSignal;
}

/**
 * Takes order `orderNumber` of `domain` to a live certificate, from wherever earlier deliveries
 * left it.
 *
 * Pub/Sub delivers at least once, and two at once. A lease keeps deliveries apart; if it fails, the
 * journal's entries, each written once, still let at most one ACME order be finalised.
 */
export async function issue(message: Issuing, ports: IssuerPorts, context: WorkContext): Promise<Outcome> {
  const { domain, orderNumber } = message;
  const { registry, leases } = ports;
  const isCleaned = async (number: number) => hasReached(await registry.journal(domain, number), "cleaned");
  const result = await leases.acquire(domain, {
    owner: randomUUID(),
    orderNumber,
    stillNeeded: async () => !(await isCleaned(orderNumber)),
    isFinished: async (holder) => holder.orderNumber !== undefined && isCleaned(holder.orderNumber),
    signal: context.signal,
  });
  if (result.kind === "not-needed") return { kind: "done" };
  if (result.kind === "busy") {
    return { kind: "retry", reason: `${domain} is leased by another delivery until ${result.until}.` };
  }

  const { lease } = result;
  const { outcome, isFinished } = await work(message, ports, {
    logger: context.logger,
    signal: AbortSignal.any([context.signal, lease.signal]),
  });
  if (isFinished) lease.leave();
  else await lease.release();
  return outcome;
}

/** What became of a delivery, and whether its journal shows that nothing is left to do. */
interface Worked {
  readonly outcome: Outcome;
  readonly isFinished: boolean;
}

async function work(message: Issuing, ports: IssuerPorts, context: WorkContext): Promise<Worked> {
  const { domain, orderNumber } = message;
  const { registry, now } = ports;
  const tokens = new ChallengeTokens(ports.challenges, domain);
  try {
    const [found, entries] = await Promise.all([
      registry.find(domain),
      registry.journal(domain, orderNumber),
    ]);
    if (hasReached(entries, "cleaned")) return { outcome: { kind: "done" }, isFinished: true };
    const order = standing(domain, found?.record, orderNumber, entries);
    if (order.kind === "overtaken") return unfinished({ kind: "dropped", reason: order.reason });
    const { record } = order;
    const journal = new OrderJournal(registry, domain, orderNumber, entries, context.signal);
    await finish(ports, { record, journal, tokens, ...context }, context.logger);
    return { outcome: { kind: "done" }, isFinished: true };
  } catch (error) {
    if (error instanceof OrderWaits && !context.signal.aborted) {
      const { dueAt, limit } = error;
      context.logger.info({ domain, orderNumber, dueAt, ...(limit && { limit }) }, error.message);
      await change(registry, domain, (record) => postpone(record, error.dueAt, error.shown, now()));
      return unfinished({ kind: "done" });
    }
    const verdict = verdictOf(error, domain, now());
    if (verdict.kind === "retry" || context.signal.aborted) {
      context.logger.warn({ error, domain, orderNumber }, "Order interrupted");
      return unfinished({ kind: "retry", reason: verdict.reason });
    }
    return unfinished(await recordFailure(message, ports, tokens, { error, verdict }, context.logger));
  }
}

async function recordFailure(
  { domain, orderNumber }: Issuing,
  ports: IssuerPorts,
  tokens: ChallengeTokens,
  { error, verdict }: { readonly error: unknown; readonly verdict: Extract<Verdict, { kind: "failed" }> },
  logger: Logger,
): Promise<Outcome> {
  const { registry, now } = ports;
  const failure = { ...verdict, isOwners: isOwners(error) };
  // An error wakes the platform's operators.
  if (failure.isOwners) logger.info({ error, domain, orderNumber }, "Order refused");
  else logger.error({ error, domain, orderNumber }, "Order failed");
  try {
    await tokens.clear();
    const record = (await registry.find(domain))?.record;
    if (record?.orderNumber === orderNumber) {
      const isRenewal = record.lifecycle === "renewing";
      await tell(ports, record, { type: "failed", isRenewal, reason: verdict.reason }, logger);
    }
    const failed = await change(registry, domain, async (record) =>
      fail(record, await registry.journal(domain, orderNumber), orderNumber, failure, now()),
    );
    if (!failure.isOwners && failed.kind === "changed") {
      await ports.alerts.raise(domain, "order-failed", verdict.reason);
    }
  } catch (unrecorded) {
    logger.error({ error: unrecorded, domain, orderNumber, outcome: "retry" }, "Failure not recorded");
    return {
      kind: "retry",
      reason: `The failure of order ${orderNumber} of ${domain} could not be recorded.`,
    };
  }
  return { kind: "dropped", reason: verdict.reason };
}

/**
 * From the journal's last phase to `cleaned`. A certificate counts as live once the edge shows it: until then
 * the one before it serves, and is not taken away.
 */
async function finish(ports: IssuerPorts, orderWork: OrderWork, logger: Logger): Promise<void> {
  const { registry, tls, now } = ports;
  const { journal, tokens, signal } = orderWork;
  const { domain, orderNumber } = journal;
  // No validation linked what was adopted.
  if (journal.detail("validated")?.adopted !== undefined) {
    const link = await ports.domains.link(domain, signal);
    if (link.kind === "taken") throw new OrderFailed(link.reason);
  }
  if (!journal.has("active")) {
    const certificate = await certificateInHand(ports, orderWork, logger);
    await journal.append("activating", now());
    const ids = await tls.activate(domain, certificate.chainPem, certificate.keyPem, signal);
    await seenAtEdge(ports, orderWork, certificate.chainPem, { ...ids });
    await journal.append("active", now(), { ...ids });
    logger.info({ domain, orderNumber, ...ids }, "Certificate active");
  }
  const certificate = certificateOf(journal.entries);
  await Promise.all([tokens.clear(), takeOutOfService(ports, orderWork)]);
  if (certificate?.notAfter !== undefined) {
    const { notAfter } = certificate;
    const served = { ...certificate, notAfter };
    const { record } = orderWork;
    // Where the record is active already, it was told.
    if (record.lifecycle !== "active") {
      const type = record.lifecycle === "renewing" ? "renewed" : "issued";
      await tell(ports, record, { type, notAfter }, logger);
    }
    await change(registry, domain, (record) => activate(record, orderNumber, served, now()));
  }
  // Ten orders back nobody looks; a renewal a day would otherwise leave thousands of objects a year.
  if (orderNumber > ORDERS_KEPT) await registry.forgetOrder(domain, orderNumber - ORDERS_KEPT);
  await journal.append("cleaned", now());
}

/** Of what served before: revoked if that was asked for, and removed at Fastly. */
async function takeOutOfService(ports: IssuerPorts, { record, journal, signal }: OrderWork): Promise<void> {
  // A first order finds nothing there.
  if (journal.orderNumber === 1) return;
  const { version, revocation } = record;
  if (revocation && version !== undefined && version !== certificateOf(journal.entries)?.version) {
    await revokeBackup(ports, record, version, revocation);
  }
  const certificateId = journal.detail("active")?.certificateId;
  if (certificateId === undefined) return;
  await pay(ports, record, "cleaning");
  await ports.tls.retire(journal.domain, certificateId, signal);
}

/** Backed up by an earlier delivery, or by an earlier order that Fastly then refused, or else from the CA. */
async function certificateInHand(
  ports: IssuerPorts,
  orderWork: OrderWork,
  logger: Logger,
): Promise<CertificateWithKey> {
  const { backups, now } = ports;
  const { journal, record } = orderWork;
  const { domain, orderNumber } = journal;
  if (!journal.has("ordering") && !journal.has("backed-up")) {
    const unused = await unusedBackup(ports, record);
    if (unused) {
      logger.info(
        { domain, orderNumber, version: unused.version },
        "Taking the certificate of an earlier order",
      );
      await journal.append("backed-up", now(), unused);
    }
  }
  const work = workOf(record, journal);
  if (work) await pay(ports, record, work);
  if (journal.has("backed-up")) {
    const version = journal.detail("backed-up")?.version ?? versionOf(orderNumber);
    const backup = await backups.read(domain, version);
    if (backup) return backup;
    logger.error({ domain, orderNumber, version }, "The backup is gone");
  }
  try {
    return await obtainCertificate(ports, orderWork);
  } catch (error) {
    // No certificate will come of what this delivery paid for.
    if (work && !journal.has("finalizing")) await giveBack(ports, record, work);
    throw error;
  }
}

function unfinished(outcome: Outcome): Worked {
  return { outcome, isFinished: false };
}

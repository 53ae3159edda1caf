import { randomUUID } from "node:crypto";
import type { CertificateWithKey } from "../../certificates/backup/certificate-backups.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { certificateOf, hasReached } from "../../certificates/registry/state.ts";
import { activate, fail, standing } from "../../certificates/registry/transitions.ts";
import type { Logger } from "../../workload/logger.ts";
import type { Outcome } from "../../workload/outcome.ts";
import { ChallengeTokens } from "./challenge-tokens.ts";
import { obtainCertificate, versionOf } from "./obtain-certificate.ts";
import { OrderJournal, type OrderWork } from "./order-journal.ts";
import type { IssuerPorts } from "./ports.ts";
import { unusedBackup } from "./unused-backup.ts";
import { isOwners, verdictOf } from "./verdict.ts";

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
  const outcome = await work(message, ports, {
    logger: context.logger,
    signal: AbortSignal.any([context.signal, lease.signal]),
  });
  if (outcome.kind === "done") lease.leave();
  else await lease.release();
  return outcome;
}

async function work(
  { domain, orderNumber }: Issuing,
  ports: IssuerPorts,
  context: WorkContext,
): Promise<Outcome> {
  const { registry, now } = ports;
  const tokens = new ChallengeTokens(ports.challenges, domain);
  try {
    const [found, entries] = await Promise.all([
      registry.find(domain),
      registry.journal(domain, orderNumber),
    ]);
    if (hasReached(entries, "cleaned")) return { kind: "done" };
    const order = standing(domain, found?.record, orderNumber, entries);
    if (order.kind === "overtaken") return dropped(order.reason);
    const journal = new OrderJournal(registry, domain, orderNumber, entries, context.signal);
    await finish(ports, { journal, tokens, signal: context.signal }, context.logger);
    return { kind: "done" };
  } catch (error) {
    const verdict = verdictOf(error, domain, now());
    if (verdict.kind === "retry" || context.signal.aborted) {
      context.logger.warn({ error, domain, orderNumber }, "Order interrupted");
      return { kind: "retry", reason: verdict.reason };
    }
    // An error wakes the platform's operators.
    if (isOwners(error)) context.logger.info({ error, domain, orderNumber }, "Order refused");
    else context.logger.error({ error, domain, orderNumber }, "Order failed");
    try {
      await tokens.clear();
      await change(registry, domain, async (record) =>
        fail(record, await registry.journal(domain, orderNumber), orderNumber, verdict, now()),
      );
    } catch (unrecorded) {
      context.logger.error(
        { error: unrecorded, domain, orderNumber, outcome: "retry" },
        "Failure not recorded",
      );
      return {
        kind: "retry",
        reason: `The failure of order ${orderNumber} of ${domain} could not be recorded.`,
      };
    }
    return dropped(verdict.reason);
  }
}

/** From the journal's last phase to `cleaned`. */
async function finish(ports: IssuerPorts, orderWork: OrderWork, logger: Logger): Promise<void> {
  const { registry, tls, now } = ports;
  const { journal, tokens, signal } = orderWork;
  const { domain, orderNumber } = journal;
  if (!journal.has("active")) {
    const certificate = await certificateInHand(ports, orderWork, logger);
    await journal.append("activating", now());
    const ids = await tls.activate(domain, certificate.chainPem, certificate.keyPem, signal);
    await journal.append("active", now(), { ...ids });
    logger.info({ domain, orderNumber, ...ids }, "Certificate active");
  }
  const notAfter = certificateOf(journal.entries)?.notAfter;
  await Promise.all([
    tokens.clear(),
    notAfter !== undefined &&
      change(registry, domain, (record) => activate(record, orderNumber, notAfter, now())),
  ]);
  await journal.append("cleaned", now());
}

/** Backed up by an earlier delivery, or by an earlier order that Fastly then refused, or else from the CA. */
async function certificateInHand(
  ports: IssuerPorts,
  orderWork: OrderWork,
  logger: Logger,
): Promise<CertificateWithKey> {
  const { backups, now } = ports;
  const { journal } = orderWork;
  const { domain, orderNumber } = journal;
  if (!journal.has("ordering") && !journal.has("backed-up") && orderNumber > 1) {
    const unused = await unusedBackup(ports, domain, orderNumber);
    if (unused) {
      logger.info(
        { domain, orderNumber, version: unused.version },
        "Taking the certificate of an earlier order",
      );
      await journal.append("backed-up", now(), { ...unused });
    }
  }
  if (journal.has("backed-up")) {
    const version = journal.detail("backed-up")?.version ?? versionOf(orderNumber);
    const backup = await backups.read(domain, version);
    if (backup) return backup;
    logger.error({ domain, orderNumber, version }, "The backup is gone");
  }
  return obtainCertificate(ports, orderWork);
}

function dropped(reason: string): Outcome {
  return { kind: "dropped", reason };
}

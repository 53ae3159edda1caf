import { randomUUID } from "node:crypto";
import {
  inWords,
  type NewestUsable,
  newestUsable,
  type UsableBackup,
} from "../../certificates/backup/newest-usable.ts";
import { certificateFacts } from "../../certificates/certificate-facts.ts";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import type { Finding } from "../../certificates/registry/findings.ts";
import { certificateOf, hasReached } from "../../certificates/registry/state.ts";
import {
  leaveUnrestored,
  restore as restoreRecord,
  type ServedCertificate,
} from "../../certificates/registry/transitions.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { WorkContext } from "./issue.ts";
import { authorOf, ownBackups } from "./obtain-certificate.ts";
import { OrderWaits } from "./order-waits.ts";
import { pay } from "./payment.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed, verdictOf } from "./verdict.ts";
import { findingOf, tellOfUnreadable } from "./verify.ts";

/**
 * Links `domain` at Fastly and activates its newest usable backup there, whatever is there now. Idempotent;
 * asks nothing of the CA. Whoever asked finds what came of it under the request.
 */
export async function restore(
  { domain, request }: Issuing,
  ports: IssuerPorts,
  context: WorkContext,
): Promise<Outcome> {
  const { registry, findings, leases, now } = ports;
  const result = await leases.acquire(domain, {
    owner: randomUUID(),
    stillNeeded: async () => true,
    isFinished: async ({ orderNumber }) =>
      orderNumber !== undefined && hasReached(await registry.journal(domain, orderNumber), "cleaned"),
    signal: context.signal,
  });
  if (result.kind !== "held") return { kind: "retry", reason: `${domain} is leased by another delivery.` };

  const { lease } = result;
  const signal = AbortSignal.any([context.signal, lease.signal]);
  let newest: NewestUsable = { backup: undefined, passedOver: [] };
  const tell = async (said: Pick<Finding, "outcome"> & Partial<Finding>) => {
    if (request !== undefined)
      await findings.write(domain, { ...findingOf(request, now(), newest), ...said });
  };
  try {
    const found = await registry.find(domain);
    if (!found) return dropped(`${domain} is not registered.`);
    if (found.record.lifecycle === "removing") return dropped(`${domain} is being removed.`);
    newest = await newestUsable(ports.backups, domain, now(), ownBackups(found.record));
    await tellOfUnreadable(ports, domain, newest);
    if (newest.backup) await pay(ports, found.record, "activation");
    await activate(domain, newest, ports, { ...context, signal });
    await tell({ outcome: "restored", activated: "this", linked: "ours" });
    return { kind: "done" };
  } catch (error) {
    const verdict =
      error instanceof OrderWaits
        ? { kind: "failed" as const, reason: `${error.message}.`, retryAt: error.dueAt }
        : verdictOf(error, domain, now());
    if (verdict.kind === "retry" || signal.aborted) {
      context.logger.warn({ error, domain }, "Restore interrupted");
      return { kind: "retry", reason: verdict.reason };
    }
    // An error wakes the platform's operators, who can do nothing about what cannot be restored.
    if (error instanceof OrderFailed || error instanceof OrderWaits)
      context.logger.info({ error, domain }, "Restore refused");
    else context.logger.error({ error, domain }, "Restore failed");
    await change(registry, domain, (record) => leaveUnrestored(record, verdict.reason, now()));
    const retryAt = verdict.retryAt?.toISOString() ?? null;
    await tell({ outcome: "refused", reason: verdict.reason, retryAt });
    return dropped(verdict.reason);
  } finally {
    await lease.release();
  }
}

async function activate(
  domain: string,
  { backup, passedOver }: NewestUsable,
  { registry, tls, domains, now }: IssuerPorts,
  { logger, signal }: WorkContext,
): Promise<void> {
  if (!backup) {
    throw new OrderFailed(
      passedOver.length === 0
        ? `${domain} has no backup.`
        : `No backup of ${domain} can be used. ${inWords(passedOver)}`,
    );
  }
  const { version } = backup;
  if (passedOver.length > 0) logger.warn({ domain, version }, `Older backup taken. ${inWords(passedOver)}`);

  signal.throwIfAborted();
  // Without its link, what is activated is served to nobody.
  const link = await domains.link(domain, signal);
  if (link.kind === "taken") throw new OrderFailed(link.reason);
  const ids = await tls.activate(domain, backup.chainPem, backup.keyPem, signal);
  const certificate = await servedCertificate(registry, domain, backup);
  await change(registry, domain, (record) => restoreRecord(record, certificate, now()));
  logger.info({ domain, version, ...ids }, "Certificate restored");
}

/** What the record is to say of a backup: which CA issued it, its order's journal knows. */
async function servedCertificate(
  registry: IssuerPorts["registry"],
  domain: string,
  { chainPem, version }: UsableBackup,
): Promise<ServedCertificate> {
  const author = authorOf(version);
  const journaled = author === undefined ? undefined : certificateOf(await registry.journal(domain, author));
  const { certificateId, notBefore, notAfter } = certificateFacts(chainPem);
  return { ca: journaled?.ca, certificateId, notBefore, notAfter, version };
}

function dropped(reason: string): Outcome {
  return { kind: "dropped", reason };
}

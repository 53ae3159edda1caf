import { randomUUID, X509Certificate } from "node:crypto";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { hasReached } from "../../certificates/registry/state.ts";
import { leaveUnrestored, restore as restoreRecord } from "../../certificates/registry/transitions.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { WorkContext } from "./issue.ts";
import type { IssuerPorts } from "./ports.ts";
import { OrderFailed, verdictOf } from "./verdict.ts";

/**
 * Links `domain` at Fastly and activates its newest backup there, whatever is there now. Idempotent;
 * asks nothing of the CA.
 */
export async function restore(
  { domain }: Issuing,
  ports: IssuerPorts,
  context: WorkContext,
): Promise<Outcome> {
  const { registry, leases, now } = ports;
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
  try {
    const found = await registry.find(domain);
    if (!found) return dropped(`${domain} is not registered.`);
    if (found.record.lifecycle === "removing") return dropped(`${domain} is being removed.`);
    await activateNewest(domain, ports, { ...context, signal });
    return { kind: "done" };
  } catch (error) {
    const verdict = verdictOf(error, domain, now());
    if (verdict.kind === "retry" || signal.aborted) {
      context.logger.warn({ error, domain }, "Restore interrupted");
      return { kind: "retry", reason: verdict.reason };
    }
    // An error wakes the platform's operators, who can do nothing about what cannot be restored.
    if (error instanceof OrderFailed) context.logger.info({ error, domain }, "Restore refused");
    else context.logger.error({ error, domain }, "Restore failed");
    await change(registry, domain, (record) => leaveUnrestored(record, verdict.reason, now()));
    return dropped(verdict.reason);
  } finally {
    await lease.release();
  }
}

async function activateNewest(
  domain: string,
  { registry, backups, tls, domains, now }: IssuerPorts,
  { logger, signal }: WorkContext,
): Promise<void> {
  const version = await backups.newest(domain);
  const backup = version === undefined ? undefined : await backups.read(domain, version);
  if (!backup) throw new OrderFailed(`${domain} has no backup.`);
  const notAfter = new Date(new X509Certificate(backup.chainPem).validTo);
  if (notAfter <= now()) {
    throw new OrderFailed(`The newest backup of ${domain} expired at ${notAfter.toISOString()}.`);
  }

  signal.throwIfAborted();
  // Without its link, what is activated is served to nobody.
  const link = await domains.link(domain, signal);
  if (link.kind === "taken") throw new OrderFailed(link.reason);
  const ids = await tls.activate(domain, backup.chainPem, backup.keyPem, signal);
  await change(registry, domain, (record) => restoreRecord(record, notAfter.toISOString(), now()));
  logger.info({ domain, version, ...ids }, "Certificate restored");
}

function dropped(reason: string): Outcome {
  return { kind: "dropped", reason };
}

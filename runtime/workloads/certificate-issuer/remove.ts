import { randomUUID } from "node:crypto";
import type { Issuing } from "../../certificates/messages.ts";
import { change } from "../../certificates/registry/change.ts";
import { hasReached } from "../../certificates/registry/state.ts";
import { postpone } from "../../certificates/registry/transitions.ts";
import type { Outcome } from "../../workload/outcome.ts";
import { ChallengeTokens } from "./challenge-tokens.ts";
import type { WorkContext } from "./issue.ts";
import { OrderWaits } from "./order-waits.ts";
import { pay } from "./payment.ts";
import type { IssuerPorts } from "./ports.ts";
import { revokeBackup } from "./revoke-backup.ts";
import { tell } from "./tell.ts";

/**
 * Takes a domain off the platform: its certificate, revoked if that was asked for, its link, its
 * challenges, and last of all its record, so that any crash before leaves something to start from again.
 * Backups stay for as long as their bucket keeps them.
 */
export async function remove(
  { domain }: Issuing,
  ports: IssuerPorts,
  context: WorkContext,
): Promise<Outcome> {
  const { registry, leases, tls, domains, challenges, alerts } = ports;
  const result = await leases.acquire(domain, {
    owner: randomUUID(),
    stillNeeded: async () => (await registry.find(domain))?.record.lifecycle === "removing",
    isFinished: async ({ orderNumber }) =>
      orderNumber !== undefined && hasReached(await registry.journal(domain, orderNumber), "cleaned"),
    signal: context.signal,
  });
  if (result.kind === "not-needed") return { kind: "done" };
  if (result.kind === "busy") return { kind: "retry", reason: `${domain} is leased until ${result.until}.` };

  const { lease } = result;
  const signal = AbortSignal.any([context.signal, lease.signal]);
  try {
    const found = await registry.find(domain);
    if (!found) return { kind: "done" };
    if (found.record.lifecycle !== "removing") {
      return { kind: "dropped", reason: `${domain} is not being removed: it is ${found.record.lifecycle}.` };
    }
    const { version, revocation } = found.record;
    await pay(ports, found.record, "removal");
    await tls.deactivate(domain, signal);
    if (revocation && version !== undefined) await revokeBackup(ports, found.record, version, revocation);
    await domains.unlink(domain, signal);
    await new ChallengeTokens(challenges, domain).sweep();
    // Of a domain that is gone, nothing is wrong.
    for (const { problem } of await alerts.open(domain)) await alerts.clear(domain, problem);
    signal.throwIfAborted();
    await tell(ports, found.record, { type: "removed" }, context.logger);
    if ((await registry.remove(domain, found.generation)) === "changed") {
      return { kind: "retry", reason: `The record of ${domain} changed while it was being removed.` };
    }
    context.logger.info({ domain, orderNumber: found.record.orderNumber }, "Domain removed");
    return { kind: "done" };
  } catch (error) {
    if (!(error instanceof OrderWaits)) throw error;
    const { dueAt, limit } = error;
    context.logger.info({ domain, dueAt, ...(limit && { limit }) }, error.message);
    await change(registry, domain, (record) => postpone(record, error.dueAt, error.shown, ports.now()));
    return { kind: "done" };
  } finally {
    await lease.release();
  }
}

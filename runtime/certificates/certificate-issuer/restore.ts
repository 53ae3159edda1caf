import { randomUUID, X509Certificate } from "node:crypto";
import type { Outcome } from "../../service/outcome.ts";
import type { Issuing } from "../messages.ts";
import { hasReached } from "../registry/state.ts";
import type { WorkContext } from "./issue.ts";
import type { IssuerPorts } from "./ports.ts";
import { activated, changeRecord } from "./record-changes.ts";
import { verdictOf } from "./verdict.ts";

/** Activates the newest backup of `domain` at Fastly, whatever is there now. Idempotent; asks nothing of the CA. */
export async function restore(
  { domain }: Issuing,
  ports: IssuerPorts,
  context: WorkContext,
): Promise<Outcome> {
  const { registry, leases, backups, tls, now } = ports;
  const result = await leases.acquire(domain, {
    owner: randomUUID(),
    stillNeeded: async () => true,
    isFinished: async ({ orderNumber }) =>
      orderNumber !== undefined && hasReached(await registry.journal(domain, orderNumber), "cleaned"),
    signal: context.signal,
  });
  if (result.kind !== "held") return { kind: "retry", reason: `${domain} is leased by another delivery.` };

  const { lease } = result;
  try {
    const found = await registry.find(domain);
    if (!found) return dropped(`${domain} is not registered.`);
    if (found.record.lifecycle === "removing") return dropped(`${domain} is being removed.`);
    const version = await backups.newest(domain);
    const backup = version === undefined ? undefined : await backups.read(domain, version);
    if (!backup) return dropped(`${domain} has no backup.`);
    const notAfter = new Date(new X509Certificate(backup.chainPem).validTo);
    if (notAfter <= now())
      return dropped(`The newest backup of ${domain} expired at ${notAfter.toISOString()}.`);

    lease.signal.throwIfAborted();
    const ids = await tls.activate(domain, backup.chainPem, backup.keyPem, context.signal);
    await changeRecord(registry, domain, (record) =>
      // An order under way writes its own end.
      record.lifecycle === "registered" ? undefined : activated(record, notAfter.toISOString(), now()),
    );
    context.logger.info({ domain, version, ...ids }, "Certificate restored");
    return { kind: "done" };
  } catch (error) {
    const verdict = verdictOf(error, domain, now());
    context.logger.error({ error, domain }, "Restore failed");
    return verdict.kind === "failed" ? dropped(verdict.reason) : { kind: "retry", reason: verdict.reason };
  } finally {
    await lease.release();
  }
}

function dropped(reason: string): Outcome {
  return { kind: "dropped", reason };
}

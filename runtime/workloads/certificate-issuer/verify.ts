import {
  inWords,
  type NewestUsable,
  newestUsable,
  unreadable,
} from "../../certificates/backup/newest-usable.ts";
import type { Issuing } from "../../certificates/messages.ts";
import type { Finding } from "../../certificates/registry/findings.ts";
import type { Outcome } from "../../workload/outcome.ts";
import type { WorkContext } from "./issue.ts";
import { ownBackups } from "./obtain-certificate.ts";
import type { IssuerPorts } from "./ports.ts";

/**
 * Looks which backup of `domain` a restore would take, and whether the CDN serves the name with that
 * one's certificate. Changes nothing, so it needs no lease and may come at any time, and twice.
 */
export async function verify(
  { domain, request }: Issuing,
  ports: IssuerPorts,
  { logger, signal }: WorkContext,
): Promise<Outcome> {
  const { registry, findings, backups, tls, domains, now } = ports;
  const registered = await registry.find(domain);
  if (!registered) return { kind: "dropped", reason: `${domain} is not registered.` };
  const found = await newestUsable(backups, domain, now(), ownBackups(registered.record));
  const [activated, linked] = await Promise.all([
    found.backup ? tls.activated(domain, found.backup.chainPem, signal) : null,
    domains.linked(domain, signal),
  ]);
  if (found.passedOver.length > 0) logger.warn({ domain }, inWords(found.passedOver));
  await tellOfUnreadable(ports, domain, found);
  if (request !== undefined) {
    await findings.write(domain, {
      ...findingOf(request, now(), found),
      outcome: "verified",
      activated,
      linked,
    });
  }
  return { kind: "done" };
}

/** A damaged backup is nobody's to notice until it is needed: so whoever looks says so. */
export async function tellOfUnreadable(
  { alerts }: Pick<IssuerPorts, "alerts">,
  domain: string,
  { passedOver }: NewestUsable,
): Promise<void> {
  const damaged = unreadable(passedOver);
  if (damaged.length === 0) await alerts.clear(domain, "backup-unreadable");
  else await alerts.raise(domain, "backup-unreadable", inWords(damaged));
}

/** A finding about backups, before anything was done with them. */
export function findingOf(
  request: string,
  at: Date,
  { backup, passedOver }: NewestUsable,
): Omit<Finding, "outcome"> {
  return {
    request,
    at: at.toISOString(),
    reason: null,
    retryAt: null,
    backup: backup
      ? {
          version: backup.version,
          serial: backup.leaf.serialNumber.toLowerCase(),
          notAfter: backup.leaf.validToDate.toISOString(),
        }
      : null,
    passedOver: [...passedOver],
    activated: null,
    linked: null,
  };
}

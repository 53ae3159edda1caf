import { setTimeout as sleep } from "node:timers/promises";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import type { Registry } from "../../certificates/registry/registry.ts";

const MAX_ATTEMPTS = 6;
const PAUSE_MS = 200;

/** The record kept changing under every attempt to change it. */
export class RecordContended extends Error {
  readonly code = "RECORD_CONTENDED";

  constructor(domain: string) {
    super(`The record of ${domain} changed during ${MAX_ATTEMPTS} attempts to write it.`);
    this.name = "RecordContended";
  }
}

/**
 * Writes what `change` makes of the record, again from what is there when another was faster.
 * `undefined` from `change` leaves it alone. Storage itself waits out its one write a second.
 */
export async function changeRecord(
  registry: Registry,
  domain: string,
  change: (record: DomainRecord) => DomainRecord | undefined,
): Promise<void> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const found = await registry.find(domain);
    const changed = found && change(found.record);
    if (!found || !changed) return;
    if ((await registry.update(changed, found.generation)) === "updated") return;
    await sleep(PAUSE_MS * attempt * Math.random());
  }
  throw new RecordContended(domain);
}

/** An order's certificate is live. */
export function activated(record: DomainRecord, notAfter: string, at: Date): DomainRecord | undefined {
  if (record.lifecycle === "removing") return undefined;
  const isTold = record.reason === undefined && record.retryAt === undefined;
  if (record.lifecycle === "active" && record.notAfter === notAfter && isTold) return undefined;
  const { reason: _reason, retryAt: _retryAt, ...rest } = record;
  return { ...rest, lifecycle: "active", notAfter, updatedAt: at.toISOString() };
}

/** An order ended without a certificate. A later order, a removal or a live certificate count for more. */
export function failed(
  record: DomainRecord,
  orderNumber: number,
  { reason, retryAt }: { readonly reason: string; readonly retryAt?: Date },
  at: Date,
): DomainRecord | undefined {
  if (record.lifecycle !== "registered" || record.orderNumber !== orderNumber) return undefined;
  return {
    ...record,
    lifecycle: "failed",
    reason,
    ...(retryAt && { retryAt: retryAt.toISOString() }),
    updatedAt: at.toISOString(),
  };
}

/** A backup could not be brought back. Until an order is under way, whoever asked for that sees why. */
export function notRestored(record: DomainRecord, reason: string, at: Date): DomainRecord | undefined {
  if (record.lifecycle !== "active" && record.lifecycle !== "failed") return undefined;
  return { ...record, reason: `Not restored. ${reason}`, updatedAt: at.toISOString() };
}

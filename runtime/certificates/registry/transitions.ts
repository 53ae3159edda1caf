import type { DomainRecord, JournalEntry } from "./lifecycle.ts";
import { hasReached } from "./state.ts";

/**
 * Every change of a domain's record.
 *
 * Deliveries repeat, run at once and come late. So each transition says from which states, and for
 * which order, it may happen; where it finds the record elsewhere, it has been overtaken, and the
 * record stays as it is. None leads away from `active` but the removal that somebody asked for.
 */
export type Transition =
  | { readonly kind: "changed"; readonly record: DomainRecord }
  /** There is nothing to do: the record says so already. */
  | { readonly kind: "unchanged" }
  | Overtaken;

/** It comes too late, for a reason that is a sentence. */
export interface Overtaken {
  readonly kind: "overtaken";
  readonly reason: string;
}

/** Why an order ended without a certificate. */
export interface Failure {
  /** A sentence for the customer. */
  readonly reason: string;
  /** Before this, another order would end the same way. */
  readonly retryAt?: Date;
}

export function register(domain: string, customer: string, orderNumber: number, at: Date): DomainRecord {
  const time = at.toISOString();
  return { domain, customer, lifecycle: "registered", orderNumber, registeredAt: time, updatedAt: time };
}

/** A failed domain gets another order, unless its certificate is live all the same. */
export function retry(record: DomainRecord, journal: readonly JournalEntry[], at: Date): Transition {
  const { domain, lifecycle, orderNumber } = record;
  if (lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  if (lifecycle !== "failed" || hasReached(journal, "active")) return { kind: "unchanged" };
  return next(record, at, { lifecycle: "registered", orderNumber: orderNumber + 1 });
}

/** A failed domain that never had a certificate goes to another customer, with an order of his. */
export function takeOver(record: DomainRecord, customer: string, at: Date): Transition {
  const { domain, lifecycle, orderNumber, notAfter } = record;
  if (lifecycle !== "failed" || notAfter !== undefined) return overtaken(`${domain} is somebody's.`);
  return { kind: "changed", record: register(domain, customer, orderNumber + 1, at) };
}

export function startRemoval(record: DomainRecord, at: Date): Transition {
  if (record.lifecycle === "removing") return { kind: "unchanged" };
  return next(record, at, { lifecycle: "removing" });
}

/** The check of an order found the domain unfit. It counts only while no other delivery found it fit. */
export function refuse(
  record: DomainRecord,
  journal: readonly JournalEntry[],
  orderNumber: number,
  failure: Failure,
  at: Date,
): Transition {
  if (hasReached(journal, "validated")) {
    return overtaken(`Order ${orderNumber} of ${record.domain} is validated already.`);
  }
  return fail(record, journal, orderNumber, failure, at);
}

/** An order ends without a certificate. A later order, a removal or a live certificate counts for more. */
export function fail(
  record: DomainRecord,
  journal: readonly JournalEntry[],
  orderNumber: number,
  { reason, retryAt }: Failure,
  at: Date,
): Transition {
  const found = standing(record.domain, record, orderNumber, journal);
  if (found.kind === "overtaken") return found;
  if (record.lifecycle !== "registered" || hasReached(journal, "active")) {
    return overtaken(`The certificate of order ${orderNumber} of ${record.domain} is live.`);
  }
  return next(record, at, {
    lifecycle: "failed",
    reason,
    ...(retryAt && { retryAt: retryAt.toISOString() }),
  });
}

/**
 * The certificate of an order is live. Where a later order has begun, it serves until that one's does,
 * and the record's state is the later order's.
 */
export function activate(record: DomainRecord, orderNumber: number, notAfter: string, at: Date): Transition {
  if (record.lifecycle === "removing") return overtaken(`${record.domain} is being removed.`);
  return record.orderNumber === orderNumber ? live(record, notAfter, at) : serve(record, notAfter);
}

/** A backup was brought back to the edge. An order under way tells its own end. */
export function restore(record: DomainRecord, notAfter: string, at: Date): Transition {
  if (record.lifecycle === "removing") return overtaken(`${record.domain} is being removed.`);
  return record.lifecycle === "registered" ? serve(record, notAfter) : live(record, notAfter, at);
}

/** A backup could not be brought back. Until an order is under way, whoever asked for that sees why. */
export function leaveUnrestored(record: DomainRecord, reason: string, at: Date): Transition {
  const { domain, lifecycle, retryAt } = record;
  if (lifecycle !== "active" && lifecycle !== "failed") return overtaken(`${domain} is ${lifecycle}.`);
  return next(record, at, { reason: `Not restored. ${reason}`, ...(retryAt && { retryAt }) });
}

/** Whether a delivery for an order, whose journal this is, may go on with it. */
export type Standing = { readonly kind: "current"; readonly record: DomainRecord } | Overtaken;

export function standing(
  domain: string,
  record: DomainRecord | undefined,
  orderNumber: number,
  journal: readonly JournalEntry[],
): Standing {
  if (!record) return overtaken(`${domain} is not registered.`);
  if (record.lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  if (record.orderNumber !== orderNumber) {
    return overtaken(
      `Order ${orderNumber} of ${domain} is not the current one, which is ${record.orderNumber}.`,
    );
  }
  if (record.lifecycle === "failed" && !hasReached(journal, "active")) {
    return overtaken(`Order ${orderNumber} of ${domain} has failed: ${record.reason ?? "without a reason"}`);
  }
  return { kind: "current", record };
}

function live(record: DomainRecord, notAfter: string, at: Date): Transition {
  const isTold = record.reason === undefined && record.retryAt === undefined;
  if (record.lifecycle === "active" && record.notAfter === notAfter && isTold) return { kind: "unchanged" };
  return next(record, at, { lifecycle: "active", notAfter });
}

/** A domain that is served is never unlinked, and says until when it is served. */
function serve(record: DomainRecord, notAfter: string): Transition {
  const isLonger = record.notAfter === undefined || Date.parse(record.notAfter) < Date.parse(notAfter);
  return isLonger ? { kind: "changed", record: { ...record, notAfter } } : { kind: "unchanged" };
}

/** What was said of the state before is not true of the next one. */
function next(record: DomainRecord, at: Date, change: Partial<DomainRecord>): Transition {
  const { reason: _reason, retryAt: _retryAt, ...kept } = record;
  return { kind: "changed", record: { ...kept, ...change, updatedAt: at.toISOString() } };
}

function overtaken(reason: string): Overtaken {
  return { kind: "overtaken", reason };
}

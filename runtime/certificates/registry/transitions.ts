import type { RevocationReason } from "../acme/certificate-authority.ts";
import { isOutOfPatience, nextTryAt, silentAt, stillSilentAt } from "./due.ts";
import type { DomainRecord, JournalEntry } from "./lifecycle.ts";
import { hasReached } from "./state.ts";

/**
 * Every change of a domain's record.
 *
 * Deliveries repeat, run at once and come late. So each transition says from which states, and for
 * which order, it may happen; where it finds the record elsewhere, it has been overtaken, and the
 * record stays as it is. None takes a certificate out of service but the removal that somebody asked for.
 *
 * Whatever waits for something has a due time: what is lost on the way is found again by it.
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
  /** Whether only the domain's owner can mend it. Such a domain is not tried for ever. */
  readonly isOwners?: boolean;
}

/** The certificate that is served, as its domain's record knows it. */
export interface ServedCertificate {
  /** RFC 3339. */
  readonly notAfter: string;
  readonly notBefore?: string | undefined;
  readonly certificateId?: string | undefined;
  readonly version?: string | undefined;
  readonly ca?: string | undefined;
}

/** @param firstOrderNumber of the customer's: orders before it, and their backups, are another's */
export function register(
  domain: string,
  customer: string,
  orderNumber: number,
  at: Date,
  firstOrderNumber = 1,
): DomainRecord {
  const time = at.toISOString();
  return {
    domain,
    customer,
    lifecycle: "registered",
    orderNumber,
    ...(firstOrderNumber > 1 && { firstOrderNumber }),
    dueAt: silentAt(at).toISOString(),
    registeredAt: time,
    updatedAt: time,
  };
}

/** A failed or paused domain gets another order, unless its certificate is live all the same. */
export function retry(record: DomainRecord, journal: readonly JournalEntry[], at: Date): Transition {
  const { domain, lifecycle } = record;
  if (lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  if (lifecycle === "failed" && hasReached(journal, "active")) return { kind: "unchanged" };
  if (lifecycle === "failed") return nextOrder(record, "registered", at);
  if (lifecycle !== "paused") return { kind: "unchanged" };
  return isServed(record, at)
    ? next(record, at, { lifecycle: "active" })
    : nextOrder(record, "registered", at);
}

/** A served domain gets an order whose certificate will take the place of the one that is served. */
export function renew(record: DomainRecord, at: Date, revocation?: RevocationReason): Transition {
  const { domain, lifecycle } = record;
  if (lifecycle === "renewing") {
    // The order that is under way takes the certificate out of service all the same.
    if (!revocation || record.revocation) return { kind: "unchanged" };
    return { kind: "changed", record: { ...record, revocation } };
  }
  if (lifecycle !== "active") return overtaken(`${domain} is ${lifecycle}.`);
  return nextOrder(revocation ? { ...record, revocation } : record, "renewing", at);
}

/**
 * A certificate from elsewhere comes into a registration, by an order that orders nothing. One that is served, or
 * is on its way to be, keeps what it has.
 */
export function adopt(record: DomainRecord, at: Date): Transition {
  const { domain, lifecycle, notAfter } = record;
  const isFree = (lifecycle === "failed" || lifecycle === "paused") && notAfter === undefined;
  if (!isFree) return overtaken(`${domain} is registered already, and is ${lifecycle}.`);
  return nextOrder(record, "registered", at);
}

/** A failed domain that never had a certificate goes to another customer, with an order of his. */
export function takeOver(record: DomainRecord, customer: string, at: Date): Transition {
  const { domain, lifecycle, orderNumber, notAfter } = record;
  const isFree = (lifecycle === "failed" || lifecycle === "paused") && notAfter === undefined;
  if (!isFree) return overtaken(`${domain} is somebody's.`);
  return { kind: "changed", record: register(domain, customer, orderNumber + 1, at, orderNumber + 1) };
}

/**
 * A domain whose customer does not show any more that it is his goes to one who does, whatever it is
 * doing. Nothing goes with it: he gets a certificate of his own, by an order of his.
 */
export function takeOverProven(record: DomainRecord, customer: string, at: Date): Transition {
  const { domain, lifecycle, orderNumber } = record;
  if (lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  return { kind: "changed", record: register(domain, customer, orderNumber + 1, at, orderNumber + 1) };
}

export function startRemoval(record: DomainRecord, at: Date, revocation?: RevocationReason): Transition {
  if (record.lifecycle === "removing" && (!revocation || record.revocation)) return { kind: "unchanged" };
  return next(record, at, {
    lifecycle: "removing",
    dueAt: silentAt(at).toISOString(),
    ...(revocation && { revocation }),
  });
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

/**
 * An order ends without a certificate: a domain that is served goes on with the one that it has. A later
 * order, a removal or a live certificate counts for more.
 */
export function fail(
  record: DomainRecord,
  journal: readonly JournalEntry[],
  orderNumber: number,
  { reason, retryAt, isOwners = false }: Failure,
  at: Date,
): Transition {
  const { domain, lifecycle } = record;
  const found = standing(domain, record, orderNumber, journal);
  if (found.kind === "overtaken") return found;
  if (lifecycle === "active" || hasReached(journal, "active")) {
    return overtaken(`The certificate of order ${orderNumber} of ${domain} is live.`);
  }
  const failures = (record.failures ?? 0) + 1;
  const failingSince = record.failingSince ?? at.toISOString();
  if (isOwners && isOutOfPatience(failingSince, at)) {
    return next(record, at, { lifecycle: "paused", reason, failures, failingSince });
  }
  const tryAt = new Date(Math.max(retryAt?.getTime() ?? 0, nextTryAt(domain, failures, at).getTime()));
  return next(record, at, {
    lifecycle: lifecycle === "renewing" ? "active" : "failed",
    reason,
    failures,
    failingSince,
    dueAt: tryAt.toISOString(),
    ...(retryAt && { retryAt: retryAt.toISOString() }),
  });
}

/** An order, or a removal, waits for something other than its domain, and goes on when that may be there. */
export function postpone(
  record: DomainRecord,
  dueAt: Date,
  reason: string | undefined,
  at: Date,
): Transition {
  const { domain, lifecycle } = record;
  const waits = lifecycle === "registered" || lifecycle === "renewing" || lifecycle === "removing";
  if (!waits) return overtaken(`${domain} is ${lifecycle}.`);
  return next(record, at, { dueAt: dueAt.toISOString(), ...(reason !== undefined && { reason }) });
}

/** Nothing is heard of an order or a removal that was due: its message is sent again, by whoever makes this change. */
export function resend(record: DomainRecord, at: Date): Transition {
  const { dueAt, lifecycle } = record;
  const isUnderWay = lifecycle === "registered" || lifecycle === "renewing" || lifecycle === "removing";
  if (!isUnderWay || (dueAt !== undefined && Date.parse(dueAt) > at.getTime())) return { kind: "unchanged" };
  return { kind: "changed", record: { ...record, dueAt: stillSilentAt(record, at).toISOString() } };
}

/** A domain has led elsewhere for so long that it is tried no more, until it leads back. */
export function pause(record: DomainRecord, reason: string, at: Date): Transition {
  if (record.lifecycle === "paused") return { kind: "unchanged" };
  if (record.lifecycle !== "active") return overtaken(`${record.domain} is ${record.lifecycle}.`);
  return next(record, at, { lifecycle: "paused", reason });
}

/**
 * The certificate of an order is live. Where a later order has begun, it serves until that one's does,
 * and the record's state is the later order's.
 */
export function activate(
  record: DomainRecord,
  orderNumber: number,
  certificate: ServedCertificate,
  at: Date,
): Transition {
  if (record.lifecycle === "removing") return overtaken(`${record.domain} is being removed.`);
  if (orderNumber < (record.firstOrderNumber ?? 1))
    return overtaken(`${record.domain} is another customer's.`);
  return record.orderNumber === orderNumber ? live(record, certificate, at) : serve(record, certificate);
}

/** A backup was brought back to the edge. An order under way tells its own end. */
export function restore(record: DomainRecord, certificate: ServedCertificate, at: Date): Transition {
  const { domain, lifecycle } = record;
  if (lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  const isUnderWay = lifecycle === "registered" || lifecycle === "renewing";
  return isUnderWay ? serve(record, certificate) : live(record, certificate, at);
}

/** A backup could not be brought back. Until an order is under way, whoever asked for that sees why. */
export function leaveUnrestored(record: DomainRecord, reason: string, at: Date): Transition {
  const { domain, lifecycle, retryAt, dueAt } = record;
  if (lifecycle !== "active" && lifecycle !== "failed") return overtaken(`${domain} is ${lifecycle}.`);
  return next(record, at, {
    reason: `Not restored. ${reason}`,
    ...(retryAt && { retryAt }),
    ...(dueAt && { dueAt }),
  });
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
  const { lifecycle, reason = "without a reason" } = record;
  if (lifecycle === "removing") return overtaken(`${domain} is being removed.`);
  if (record.orderNumber !== orderNumber) {
    return overtaken(
      `Order ${orderNumber} of ${domain} is not the current one, which is ${record.orderNumber}.`,
    );
  }
  // A domain that is served is so by an earlier order, where its current one has failed.
  const isUnderWay = lifecycle === "registered" || lifecycle === "renewing" || hasReached(journal, "active");
  if (!isUnderWay) return overtaken(`Order ${orderNumber} of ${domain} has failed: ${reason}`);
  return { kind: "current", record };
}

/** Whether visitors may be on the domain right now. */
export function isServed({ notAfter }: DomainRecord, at: Date): boolean {
  return notAfter !== undefined && Date.parse(notAfter) > at.getTime();
}

function live(record: DomainRecord, certificate: ServedCertificate, at: Date): Transition {
  const { failures: _failures, failingSince: _since, revocation: _revocation, ...kept } = record;
  const isTold = record.reason === undefined && record.retryAt === undefined && record.dueAt === undefined;
  if (record.lifecycle === "active" && isSame(record, certificate) && isTold) return { kind: "unchanged" };
  return next({ ...kept, ...served(certificate) }, at, { lifecycle: "active" });
}

/** A domain that is served is never unlinked, and says until when it is served. */
function serve(record: DomainRecord, certificate: ServedCertificate): Transition {
  const { notAfter } = record;
  const isLonger = notAfter === undefined || Date.parse(notAfter) < Date.parse(certificate.notAfter);
  if (!isLonger) return { kind: "unchanged" };
  return { kind: "changed", record: { ...record, ...served(certificate) } };
}

function isSame(record: DomainRecord, certificate: ServedCertificate): boolean {
  return Object.entries(served(certificate)).every(
    ([key, value]) => record[key as keyof ServedCertificate] === value,
  );
}

/** All of it, so that nothing of an earlier certificate stays. */
function served({ notAfter, notBefore, certificateId, version, ca }: ServedCertificate) {
  return { notAfter, notBefore, certificateId, version, ca } as Pick<DomainRecord, keyof ServedCertificate>;
}

function nextOrder(record: DomainRecord, lifecycle: "registered" | "renewing", at: Date): Transition {
  const orderNumber = record.orderNumber + 1;
  return next(record, at, { lifecycle, orderNumber, dueAt: silentAt(at).toISOString() });
}

/** What was said of the state before is not true of the next one. */
function next(record: DomainRecord, at: Date, change: Partial<DomainRecord>): Transition {
  const { reason: _reason, retryAt: _retryAt, dueAt: _dueAt, ...kept } = record;
  return { kind: "changed", record: { ...kept, ...change, updatedAt: at.toISOString() } };
}

function overtaken(reason: string): Overtaken {
  return { kind: "overtaken", reason };
}

import { type DomainRecord, type JournalEntry, PHASES, type Phase, type State } from "./lifecycle.ts";

/** The state that an order is in once a phase is journaled: each phase announces what comes next. */
const STATE_AFTER: Readonly<Record<Phase, State>> = {
  registered: "pending",
  validating: "validating",
  validated: "issuing",
  ordering: "issuing",
  ordered: "issuing",
  authorized: "issuing",
  finalizing: "issuing",
  issued: "activating",
  "backed-up": "activating",
  activating: "activating",
  accepted: "activating",
  active: "cleaning",
  cleaned: "active",
};

/** What a certificate's entries say of it, under these names in `detail` of `issued` and later. */
const CERTIFICATE_PHASES: readonly Phase[] = ["backed-up", "issued"];

/** The last phase that an order reached, whatever order its entries come in. */
function lastPhase(journal: readonly JournalEntry[]): Phase | undefined {
  return PHASES.findLast((phase) => hasReached(journal, phase));
}

export function hasReached(journal: readonly JournalEntry[], phase: Phase): boolean {
  return journal.some((entry) => entry.phase === phase);
}

export function entryOf(journal: readonly JournalEntry[], phase: Phase): JournalEntry | undefined {
  return journal.find((entry) => entry.phase === phase);
}

/** How far an order is by its journal alone: `cleaning` once its certificate is live, `active` when all is tidy. */
export function orderState(journal: readonly JournalEntry[]): State {
  const last = lastPhase(journal);
  return last === undefined ? "pending" : STATE_AFTER[last];
}

/**
 * Whether a record alone does not tell its domain's state: an order gets further than its record, and
 * where it failed by the record its certificate may be live by the journal.
 */
export function needsJournal({ lifecycle }: DomainRecord): boolean {
  return lifecycle === "registered" || lifecycle === "failed";
}

/**
 * What a customer sees, from the record and the journal of `record.orderNumber`.
 *
 * The record may lag behind the journal, so a live certificate counts from its entry on, even
 * over a `failed` that a late duplicate wrote; cleaning up behind it is none of the customer's
 * concern. A renewal is none either: its domain stays active. Removal is final.
 */
export function stateOf(record: DomainRecord, journal: readonly JournalEntry[]): State {
  const { lifecycle } = record;
  if (lifecycle === "removing" || lifecycle === "paused") return lifecycle;
  if (lifecycle === "active" || lifecycle === "renewing" || hasReached(journal, "active")) return "active";
  return lifecycle === "failed" ? "failed" : orderState(journal);
}

/** A certificate as an order's journal knows it. */
export interface JournaledCertificate {
  /** The backup's version. */
  readonly version: string | undefined;
  /** RFC 3339. */
  readonly notAfter: string | undefined;
  /** Hexadecimal. */
  readonly serial: string | undefined;
  readonly issuer: string | undefined;
  /** RFC 3339. */
  readonly notBefore: string | undefined;
  /** RFC 9773's. */
  readonly certificateId: string | undefined;
  /** The issuing CA's name in the list. */
  readonly ca: string | undefined;
}

/** From `detail` of `backed-up`, else of `issued`, which have these names there. */
export function certificateOf(journal: readonly JournalEntry[]): JournaledCertificate | undefined {
  const details = CERTIFICATE_PHASES.map((phase) => entryOf(journal, phase)?.detail).filter(
    (detail) => detail !== undefined,
  );
  if (details.length === 0) return undefined;
  const value = (name: string) => details.find((detail) => detail[name] !== undefined)?.[name];
  return {
    version: value("version"),
    notAfter: value("notAfter"),
    serial: value("serial"),
    issuer: value("issuer"),
    notBefore: value("notBefore"),
    certificateId: value("certificateId"),
    ca: value("ca"),
  };
}

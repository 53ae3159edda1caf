import { type DomainRecord, type JournalEntry, PHASES, type Phase, type State } from "./lifecycle.ts";
import { certificateOf, needsJournal, stateOf } from "./state.ts";

/** A domain as its customer sees it: record and journal in one. Without `needsJournal`, only the phases are the journal's. */
export interface DomainView {
  readonly domain: string;
  readonly customer: string;
  readonly state: State;
  /** Whether an order is under way whose certificate will take the place of the served one. */
  readonly isRenewing: boolean;
  readonly reason: string | undefined;
  readonly orderNumber: number;
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  readonly retryAt: string | undefined;
  readonly dueAt: string | undefined;
  /** In the order in which an order takes them. */
  readonly phases: readonly { readonly phase: Phase; readonly at: string }[];
}

export function viewOf(record: DomainRecord, journal: readonly JournalEntry[]): DomainView {
  const state = stateOf(record, journal);
  const phases = withRegistered(record, journal)
    .map(({ phase, at }) => ({ phase, at }))
    .sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase));
  const failed = state === "failed";
  // Where the record says `failed` and the certificate is live all the same, its reason does not hold any
  // more, and nothing is due.
  const isOutdated = state === "active" && needsJournal(record);
  // Until a new order's certificate is live, the served one is the record's.
  const issued = isOutdated ? certificateOf(journal) : undefined;
  return {
    domain: record.domain,
    customer: record.customer,
    state,
    isRenewing: record.lifecycle === "renewing",
    reason: isOutdated ? undefined : record.reason,
    orderNumber: record.orderNumber,
    notBefore: issued?.notBefore ?? record.notBefore,
    notAfter: issued?.notAfter ?? record.notAfter,
    retryAt: failed ? record.retryAt : undefined,
    dueAt: isOutdated ? undefined : record.dueAt,
    phases,
  };
}

/** The record is written a moment before the order's first entry: a reader in between sees the same. */
function withRegistered(
  record: DomainRecord,
  journal: readonly JournalEntry[],
): readonly Pick<JournalEntry, "phase" | "at">[] {
  if (record.lifecycle !== "registered" || journal.some(({ phase }) => phase === "registered"))
    return journal;
  return [{ phase: "registered", at: record.updatedAt }, ...journal];
}

import { type DomainRecord, type JournalEntry, PHASES, type Phase, recordSchema } from "./lifecycle.ts";

export const RECORDS_PREFIX = "domains/";

/** Google allows 8 KiB of custom metadata for an object. */
const MAX_DETAIL_BYTES = 6 * 1024;
const MAX_REASON_LENGTH = 1_000;

export function recordName(domain: string): string {
  return `${RECORDS_PREFIX}${domain}.json`;
}

/** What remains of a removed registration: the last order number. */
export function tombstoneName(domain: string): string {
  return `removed/${domain}.json`;
}

export function journalPrefix(domain: string, orderNumber?: number): string {
  return orderNumber === undefined ? `orders/${domain}/` : `orders/${domain}/${orderNumber}/`;
}

export function entryName(domain: string, orderNumber: number, phase: Phase): string {
  return `${journalPrefix(domain, orderNumber)}${phase}.json`;
}

export function claimName(domain: string, orderNumber: number, chore: string): string {
  return `${journalPrefix(domain, orderNumber)}${chore}.json`;
}

/** A record in custom metadata, whole: a listing needs no reads. Values there are strings. */
export function recordMetadata(record: DomainRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

/** Checks before writing what could not be read again. @throws {TypeError} */
export function checkedRecord(record: DomainRecord): DomainRecord {
  const { reason } = record;
  const bounded =
    reason !== undefined && reason.length > MAX_REASON_LENGTH
      ? { ...record, reason: `${reason.slice(0, MAX_REASON_LENGTH - 1)}…` }
      : record;
  const parsed = recordSchema.safeParse(bounded);
  if (!parsed.success) throw new TypeError(`Record of "${record.domain}": ${parsed.error.message}`);
  return parsed.data;
}

export function recordOfMetadata(name: string, metadata: Readonly<Record<string, string>>): DomainRecord {
  const { orderNumber, firstOrderNumber, failures, ...rest } = metadata;
  const parsed = recordSchema.safeParse({
    ...rest,
    orderNumber: Number(orderNumber),
    ...(firstOrderNumber !== undefined && { firstOrderNumber: Number(firstOrderNumber) }),
    ...(failures !== undefined && { failures: Number(failures) }),
  });
  if (!parsed.success) throw new TypeError(`Metadata of "${name}": ${parsed.error.message}`);
  return parsed.data;
}

/** An entry in custom metadata, so that one listing is the whole journal. @throws {RangeError} */
export function entryMetadata({ phase, at, detail }: JournalEntry): Record<string, string> {
  const text = JSON.stringify(detail);
  if (Buffer.byteLength(text) > MAX_DETAIL_BYTES) {
    throw new RangeError(
      `Journal entry "${phase}": detail must be ${MAX_DETAIL_BYTES} bytes or less; got ${Buffer.byteLength(text)}.`,
    );
  }
  return { at, detail: text };
}

/** `undefined` for an object that is no entry. */
export function entryOfMetadata(
  name: string,
  metadata: Readonly<Record<string, string>>,
): JournalEntry | undefined {
  const file = name.slice(name.lastIndexOf("/") + 1);
  const phase = PHASES.find((known) => file === `${known}.json`);
  if (phase === undefined || metadata.at === undefined || metadata.detail === undefined) return undefined;
  return { phase, at: metadata.at, detail: JSON.parse(metadata.detail) as Record<string, string> };
}

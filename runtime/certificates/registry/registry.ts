import type { DomainRecord, JournalEntry } from "./lifecycle.ts";

export interface FoundRecord {
  readonly record: DomainRecord;
  readonly generation: string;
}

/** What outlives a registration. */
export interface Tombstone {
  readonly lastOrderNumber: number;
  /** The first order of that customer's. @default 1 */
  readonly firstOrderNumber?: number | undefined;
  /** Whose the domain was. */
  readonly customer: string | undefined;
  /** Which CA its certificate was from. */
  readonly ca: string | undefined;
  /** Whether its certificate was to be revoked. */
  readonly isRevoked: boolean;
}

export interface ListRecordsOptions {
  /** Only this customer's. @default every customer's. */
  readonly customer?: string;
  /** 1 to 1,000. A page may hold fewer, even none, and still not be the last. */
  readonly pageSize: number;
  readonly pageToken?: string;
}

export interface RecordPage {
  /** In the order of their names. */
  readonly records: readonly DomainRecord[];
  readonly nextPageToken?: string;
}

/** Every domain that the platform knows, and how far each of its orders is. */
export interface Registry {
  find(domain: string): Promise<FoundRecord | undefined>;
  /** What is left of the last registration of a domain that was removed. */
  tombstone(domain: string): Promise<Tombstone | undefined>;
  /**
   * The number for the first order of a domain without a record. It goes on where a removed
   * registration of the same name ended: backups and keys are named by order number, so a number
   * must never come back.
   */
  firstOrderNumber(domain: string): Promise<number>;
  create(record: DomainRecord): Promise<"created" | "exists">;
  /** Storage allows one write a second for a record; a sooner one waits. */
  update(record: DomainRecord, generation: string): Promise<"updated" | "changed">;
  /** Removes journal and record, in this order, so that a crash leaves a record to start from again. */
  remove(domain: string, generation: string): Promise<"removed" | "absent" | "changed">;
  /** Removes the journal of an order that nothing asks for any more. */
  forgetOrder(domain: string, orderNumber: number): Promise<void>;
  list(options: ListRecordsOptions): Promise<RecordPage>;
  /** Whether any order of the domain's registration has passed validation, whoever the customer was. */
  wasValidated(domain: string): Promise<boolean>;
  /** The entries of one order, first phase first. */
  journal(domain: string, orderNumber: number): Promise<readonly JournalEntry[]>;
  /** Of several writers of a phase one sees `appended`, unless their entries are the same to the last byte. */
  append(domain: string, orderNumber: number, entry: JournalEntry): Promise<"appended" | "exists">;
  /**
   * Of any number of callers who would do `chore`, a part of an object's name, for an order one sees
   * `claimed`. It is kept beside the journal, and removed with it.
   */
  claim(domain: string, orderNumber: number, chore: string): Promise<"claimed" | "exists">;
}

/** A page token that this registry did not give out. */
export class InvalidPageToken extends Error {
  readonly code = "INVALID_PAGE_TOKEN";

  constructor() {
    super("pageToken must be one that an earlier page gave.");
    this.name = "InvalidPageToken";
  }
}

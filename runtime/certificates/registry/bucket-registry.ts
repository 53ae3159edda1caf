import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type ObjectStore, ObjectStoreError } from "../../google/object-store.ts";
import { noteEvent } from "../../workload/span.ts";
import {
  checkedRecord,
  claimName,
  entryMetadata,
  entryName,
  entryOfMetadata,
  journalPrefix,
  RECORDS_PREFIX,
  recordMetadata,
  recordName,
  recordOfMetadata,
  tombstoneName,
} from "./layout.ts";
import { type DomainRecord, type JournalEntry, PHASES, type Phase, recordSchema } from "./lifecycle.ts";
import {
  type FoundRecord,
  InvalidPageToken,
  type ListRecordsOptions,
  type RecordPage,
  type Registry,
  type Tombstone,
} from "./registry.ts";

const MAX_PAGE = 1_000;
/** What Storage answers to a page token that it did not give. */
const BAD_REQUEST = 400;
/** Pages of Storage that one listing looks through for one customer's domains: 10,000 records. */
const MAX_SCANNED_PAGES = 10;
const VALIDATED: `/${Phase}.json` = "/validated.json";

const tombstoneSchema = z.object({
  lastOrderNumber: z.number().int().positive(),
  firstOrderNumber: z.number().int().positive().optional(),
  customer: z.string().optional(),
  ca: z.string().optional(),
  isRevoked: z.boolean().default(false),
});
/** `page` is Storage's own token; `after` the last name taken from that page. */
const pageTokenSchema = z.strictObject({ page: z.string().optional(), after: z.string().optional() });

export function openRegistry(objects: ObjectStore): Registry {
  return new BucketRegistry(objects);
}

class BucketRegistry implements Registry {
  readonly #objects: ObjectStore;

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async find(domain: string): Promise<FoundRecord | undefined> {
    const object = await this.#objects.read(recordName(domain));
    if (object === undefined) return undefined;
    return {
      record: recordSchema.parse(JSON.parse(object.bytes.toString("utf8"))),
      generation: object.generation,
    };
  }

  async firstOrderNumber(domain: string): Promise<number> {
    return ((await this.tombstone(domain))?.lastOrderNumber ?? 0) + 1;
  }

  async tombstone(domain: string): Promise<Tombstone | undefined> {
    return (await this.#tombstone(domain))?.tombstone;
  }

  async create(record: DomainRecord): Promise<"created" | "exists"> {
    const checked = checkedRecord(record);
    return this.#objects.create(recordName(record.domain), JSON.stringify(checked), {
      metadata: recordMetadata(checked),
    });
  }

  async update(record: DomainRecord, generation: string): Promise<"updated" | "changed"> {
    const checked = checkedRecord(record);
    const outcome = await this.#objects.replace(
      recordName(record.domain),
      JSON.stringify(checked),
      generation,
      { metadata: recordMetadata(checked) },
    );
    return outcome === "replaced" ? "updated" : "changed";
  }

  async remove(domain: string, generation: string): Promise<"removed" | "absent" | "changed"> {
    const found = await this.find(domain);
    if (found === undefined) return "absent";
    if (found.generation !== generation) return "changed";
    await this.#bury(found.record);
    await this.#removeAll(journalPrefix(domain));
    return this.#objects.remove(recordName(domain), generation);
  }

  async forgetOrder(domain: string, orderNumber: number): Promise<void> {
    await this.#removeAll(journalPrefix(domain, orderNumber));
  }

  async list({ customer, pageSize, pageToken }: ListRecordsOptions): Promise<RecordPage> {
    let { page, after = "" } = parsePageToken(pageToken);
    const records: DomainRecord[] = [];
    for (let scanned = 0; scanned < MAX_SCANNED_PAGES; scanned++) {
      const { objects, nextPageToken } = await this.#objects
        .list({
          prefix: RECORDS_PREFIX,
          pageSize: customer === undefined ? pageSize : MAX_PAGE,
          ...(page !== undefined && { pageToken: page }),
        })
        .catch((error: unknown) => {
          const isRefused = error instanceof ObjectStoreError && error.status === BAD_REQUEST;
          // The tokens of further pages are Storage's, from a moment ago: a refusal of those is a fault.
          throw isRefused && scanned === 0 && page !== undefined ? new InvalidPageToken() : error;
        });
      for (const { name, metadata } of objects) {
        if (name <= after) continue;
        if (customer !== undefined && metadata.customer !== customer) continue;
        if (records.length === pageSize) return { records, nextPageToken: formatPageToken(page, after) };
        records.push(recordOfMetadata(name, metadata));
        after = name;
      }
      if (nextPageToken === undefined) return { records };
      page = nextPageToken;
      if (records.length === pageSize) break;
    }
    return { records, nextPageToken: formatPageToken(page, after) };
  }

  async wasValidated(domain: string): Promise<boolean> {
    for await (const name of this.#names(journalPrefix(domain))) {
      if (name.endsWith(VALIDATED)) return true;
    }
    return false;
  }

  async journal(domain: string, orderNumber: number): Promise<readonly JournalEntry[]> {
    const { objects } = await this.#objects.list({
      prefix: journalPrefix(domain, orderNumber),
      pageSize: MAX_PAGE,
    });
    return objects
      .flatMap(({ name, metadata }) => entryOfMetadata(name, metadata) ?? [])
      .sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase));
  }

  async append(domain: string, orderNumber: number, entry: JournalEntry): Promise<"appended" | "exists"> {
    const outcome = await this.#objects.create(
      entryName(domain, orderNumber, entry.phase),
      JSON.stringify(entry),
      { metadata: entryMetadata(entry) },
    );
    if (outcome !== "created") return "exists";
    noteEvent(entry.phase);
    return "appended";
  }

  async claim(domain: string, orderNumber: number, chore: string): Promise<"claimed" | "exists"> {
    const outcome = await this.#objects.create(
      claimName(domain, orderNumber, chore),
      JSON.stringify({ by: randomUUID() }),
    );
    return outcome === "created" ? "claimed" : "exists";
  }

  async #tombstone(domain: string): Promise<{ tombstone: Tombstone; generation: string } | undefined> {
    const object = await this.#objects.read(tombstoneName(domain));
    if (object === undefined) return undefined;
    const { customer, ca, ...tombstone } = tombstoneSchema.parse(JSON.parse(object.bytes.toString("utf8")));
    return { tombstone: { ...tombstone, customer, ca }, generation: object.generation };
  }

  /** Two removers of one registration write the same, so that losing the race is fine. */
  async #bury({
    domain,
    orderNumber,
    firstOrderNumber,
    customer,
    ca,
    revocation,
  }: DomainRecord): Promise<void> {
    const tombstone: Tombstone = {
      lastOrderNumber: orderNumber,
      firstOrderNumber,
      customer,
      ca,
      isRevoked: revocation !== undefined,
    };
    const bytes = JSON.stringify(tombstone);
    const found = await this.#tombstone(domain);
    if (found === undefined) await this.#objects.create(tombstoneName(domain), bytes);
    else if (found.tombstone.lastOrderNumber < orderNumber) {
      await this.#objects.replace(tombstoneName(domain), bytes, found.generation);
    }
  }

  async #removeAll(prefix: string): Promise<void> {
    for await (const name of this.#names(prefix)) await this.#objects.remove(name);
  }

  async *#names(prefix: string): AsyncGenerator<string> {
    let pageToken: string | undefined;
    do {
      const page = await this.#objects.list({
        prefix,
        pageSize: MAX_PAGE,
        ...(pageToken !== undefined && { pageToken }),
      });
      for (const { name } of page.objects) yield name;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }
}

function formatPageToken(page: string | undefined, after: string): string {
  return Buffer.from(JSON.stringify({ ...(page !== undefined && { page }), after })).toString("base64url");
}

function parsePageToken(token: string | undefined): z.output<typeof pageTokenSchema> {
  if (token === undefined) return {};
  try {
    return pageTokenSchema.parse(JSON.parse(Buffer.from(token, "base64url").toString("utf8")));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) throw new InvalidPageToken();
    throw error;
  }
}

import type { Position } from "./object-table.ts";
import type { ObjectVersion } from "./object-version.ts";
import { invalid } from "./storage-refusal.ts";

const MAX_RESULTS = 1000;

export interface ListingRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter: string | undefined;
  /** First name of interest, and the first that is none any more. */
  readonly startOffset: string | undefined;
  readonly endOffset: string | undefined;
  readonly versions: boolean;
  /** Objects and prefixes a page, together; more than 1000 means 1000, as at Google. */
  readonly maxResults: number | undefined;
  readonly pageToken: string | undefined;
}

export interface ListingPage {
  readonly items: readonly ObjectVersion[];
  readonly prefixes: readonly string[];
  readonly nextPageToken: string | undefined;
}

/** Where the generations are, in order of name and generation. */
export interface Pages {
  page(
    bucket: string,
    range: { after: Position; before: string | undefined; withNoncurrent: boolean; limit: number },
  ): ObjectVersion[];
}

/** One page of a bucket's objects, in order of name; names with the delimiter after the prefix are folded into prefixes. */
export function listObjects(table: Pages, request: ListingRequest): ListingPage {
  const limit = Math.min(request.maxResults ?? MAX_RESULTS, MAX_RESULTS);
  const before = lower(successor(request.prefix), request.endOffset);
  const start = request.startOffset ?? "";
  const first = compare(start, request.prefix) > 0 ? start : request.prefix;
  // Names that fold end a batch early.
  const batchSize = request.delimiter === undefined ? limit + 1 : 32;
  let after: Position = readToken(request.pageToken) ?? { name: first, generation: 0 };
  const items: ObjectVersion[] = [];
  const prefixes: string[] = [];

  for (;;) {
    const batch = table.page(request.bucket, {
      after,
      before,
      withNoncurrent: request.versions,
      limit: batchSize,
    });
    let jumped = false;
    for (const version of batch) {
      if (items.length + prefixes.length === limit)
        return { items, prefixes, nextPageToken: writeToken(after) };
      const folded = fold(version.name, request);
      if (folded !== undefined) {
        prefixes.push(folded);
        const next = successor(folded);
        if (next === undefined) return { items, prefixes, nextPageToken: undefined };
        after = { name: next, generation: 0 };
        jumped = true;
        break;
      }
      items.push(version);
      after = {
        name: version.name,
        generation: request.versions ? Number(version.generation) : Number.MAX_SAFE_INTEGER,
      };
    }
    if (!jumped && batch.length < batchSize) return { items, prefixes, nextPageToken: undefined };
  }
}

function fold(name: string, { prefix, delimiter }: ListingRequest): string | undefined {
  if (delimiter === undefined) return undefined;
  const at = name.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : name.slice(0, at + delimiter.length);
}

/** The lowest string above all that start with `prefix`, in the order of UTF-8; none if there is no such string. */
function successor(prefix: string): string | undefined {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0;
    if (point === 0x10_ff_ff) continue;
    // Surrogates are no characters of UTF-8.
    return points.join("") + String.fromCodePoint(point === 0xd7_ff ? 0xe0_00 : point + 1);
  }
  return undefined;
}

function lower(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compare(one, other) < 0 ? one : other;
}

/** JavaScript's own order is that of UTF-16. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function writeToken({ name, generation }: Position): string {
  return Buffer.from(JSON.stringify([name, generation])).toString("base64url");
}

function readToken(token: string | undefined): Position | undefined {
  if (token === undefined) return undefined;
  try {
    const [name, generation, ...rest] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    if (typeof name === "string" && Number.isSafeInteger(generation) && rest.length === 0) {
      return { name, generation: generation as number };
    }
  } catch {
    // No JSON: refused below with the rest.
  }
  throw invalid("Invalid argument: pageToken must be the nextPageToken of an earlier page.", "pageToken");
}

import { objectOf, textOf } from "../../../kernel/property-values.ts";
import { badRequest } from "./api-error.ts";
import type { Call, Reply } from "./endpoint.ts";

const DEFAULT_PAGE_SIZE = 20;
const LARGEST_PAGE = 100;

export interface Entity {
  readonly id: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relationships?: Readonly<Record<string, { readonly data: unknown }>>;
}

/** One page of a collection, with what is needed to ask for the others. @throws {ApiError} for a page that can't be. */
export function page<Row>({ path, query }: Call, rows: readonly Row[], entity: (row: Row) => Entity): Reply {
  const size = wholeNumber(query, "page[size]", DEFAULT_PAGE_SIZE, LARGEST_PAGE);
  const number = wholeNumber(query, "page[number]", 1, Number.MAX_SAFE_INTEGER);
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const link = (target: number) => {
    const asked = new URLSearchParams(query);
    asked.set("page[number]", String(target));
    asked.set("page[size]", String(size));
    return `https://api.fastly.com${path}?${asked}`;
  };
  return {
    status: 200,
    body: {
      data: rows.slice((number - 1) * size, number * size).map(entity),
      links: {
        self: link(number),
        first: link(1),
        prev: number > 1 ? link(number - 1) : null,
        next: number < pages ? link(number + 1) : null,
        last: link(pages),
      },
      meta: { per_page: size, current_page: number, record_count: rows.length, total_pages: pages },
    },
  };
}

/** Filters by name, `tls_domain.id`. @throws {ApiError} naming a query that the collection doesn't know. */
export function filters({ query }: Call, known: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, value] of query) {
    const filter = /^filter\[(.+)\]$/.exec(name)?.[1];
    if (name === "page[number]" || name === "page[size]") continue;
    if (filter === undefined || !known.includes(filter)) {
      throw badRequest(`The query "${name}" is not known here; filters are ${known.join(", ") || "none"}.`);
    }
    found[filter] = value;
  }
  return found;
}

/** The attributes of a request's resource. @throws {ApiError} when it's of another type. */
export function attributesOf({ body }: Call, type: string): Readonly<Record<string, unknown>> {
  return objectOf(dataOf(body, type).attributes);
}

/** The id that a request's relationship names. @throws {ApiError} when it must be there and is not. */
export function relatedId({ body }: Call, type: string, relationship: string): string {
  const id = optionalRelatedId({ body }, type, relationship);
  if (id === undefined) throw badRequest(`data.relationships.${relationship}.data.id must be set.`);
  return id;
}

export function optionalRelatedId(
  { body }: Pick<Call, "body">,
  type: string,
  relationship: string,
): string | undefined {
  const { data } = objectOf(objectOf(dataOf(body, type).relationships)[relationship]);
  return textOf(objectOf(data).id);
}

function dataOf(body: unknown, type: string): Readonly<Record<string, unknown>> {
  const data = objectOf(objectOf(body).data);
  if (data.type !== type) throw badRequest(`data.type must be ${type}; got ${JSON.stringify(data.type)}.`);
  return data;
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number, most: number): number {
  const given = query.get(name);
  if (given === null) return otherwise;
  const number = Number(given);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw badRequest(`${name} must be a whole number from 1 to ${most}; got "${given}".`);
}

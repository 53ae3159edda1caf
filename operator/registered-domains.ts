import type { DomainSummary } from "../runtime/workloads/domain-api/resources.ts";
import type { ApiClient } from "./api-client.ts";

const PAGE_SIZE = 100;
/** A million domains: more pages than that say that paging goes in a circle. */
const MAX_PAGES = 10_000;

/** Every domain that the caller may see, page by page, by name. */
export async function* registeredDomains(api: ApiClient): AsyncGenerator<DomainSummary> {
  let pageToken: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query: string = pageToken === null ? "" : `&pageToken=${encodeURIComponent(pageToken)}`;
    const { body } = await api.call("GET", `/v1/domains?pageSize=${PAGE_SIZE}${query}`);
    const { domains, nextPageToken } = body as DomainPage;
    yield* domains;
    if (nextPageToken === null) return;
    pageToken = nextPageToken;
  }
  throw new Error(`The API must list its domains in ${MAX_PAGES} pages; it has more.`);
}

interface DomainPage {
  readonly domains: readonly DomainSummary[];
  readonly nextPageToken: string | null;
}

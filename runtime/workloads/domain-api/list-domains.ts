import pLimit from "p-limit";
import type { DomainRecord } from "../../certificates/registry/lifecycle.ts";
import { InvalidPageToken } from "../../certificates/registry/registry.ts";
import { needsJournal } from "../../certificates/registry/state.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import { seesAll } from "./caller.ts";
import type { Ports, Scope } from "./ports.ts";
import { invalidField } from "./problem.ts";
import { MAX_PAGE_SIZE, pageSizeRule } from "./routes.ts";

/** Journals read at once for one page. */
const CONCURRENT_READS = 10;

export interface DomainPage {
  readonly domains: readonly DomainView[];
  readonly nextPageToken: string | undefined;
}

/**
 * The caller's domains by name; operators and viewers see all. A listing carries every record whole, so only
 * those whose order is in progress or failed cost a look at their journal.
 *
 * @throws {ProblemError} 400 for a token that no page gave this caller.
 */
export async function listDomains(
  ports: Ports,
  { caller }: Scope,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string | undefined },
): Promise<DomainPage> {
  const isEveryones = seesAll(caller);
  if (!isEveryones && pageSize > MAX_PAGE_SIZE.customer) {
    throw invalidField("pageSize", pageSizeRule(MAX_PAGE_SIZE.customer), String(pageSize));
  }
  const { records, nextPageToken } = await listRecords(ports, caller.email, {
    pageSize,
    pageToken,
    customer: isEveryones ? undefined : caller.email,
  });
  const limit = pLimit(CONCURRENT_READS);
  const domains = await Promise.all(
    records.map((record) =>
      limit(async () =>
        viewOf(
          record,
          needsJournal(record) ? await ports.registry.journal(record.domain, record.orderNumber) : [],
        ),
      ),
    ),
  );
  return { domains, nextPageToken };
}

interface Listing {
  readonly pageSize: number;
  readonly pageToken: string | undefined;
  readonly customer: string | undefined;
}

async function listRecords(
  { registry, pageTokens }: Ports,
  caller: string,
  { pageSize, pageToken, customer }: Listing,
): Promise<{ records: readonly DomainRecord[]; nextPageToken: string | undefined }> {
  try {
    const { records, nextPageToken } = await registry.list({
      pageSize,
      ...(pageToken !== undefined && { pageToken: await pageTokens.open(caller, pageToken) }),
      ...(customer !== undefined && { customer }),
    });
    return { records, nextPageToken: nextPageToken && (await pageTokens.seal(caller, nextPageToken)) };
  } catch (error) {
    if (!(error instanceof InvalidPageToken)) throw error;
    throw invalidField("pageToken", "must be one that an earlier page gave", pageToken);
  }
}

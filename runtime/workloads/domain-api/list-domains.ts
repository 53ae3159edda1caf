import pLimit from "p-limit";
import { InvalidPageToken } from "../../certificates/registry/registry.ts";
import { needsJournal } from "../../certificates/registry/state.ts";
import { type DomainView, viewOf } from "../../certificates/registry/view.ts";
import type { Ports, Scope } from "./ports.ts";
import { invalidField } from "./problem.ts";

/** Journals read at once for one page. */
const CONCURRENT_READS = 10;

export interface DomainPage {
  readonly domains: readonly DomainView[];
  readonly nextPageToken: string | undefined;
}

/**
 * The caller's domains by name; an operator sees all. A listing carries every record whole, so only
 * those whose order is in progress or failed cost a look at their journal.
 *
 * @throws {ProblemError} 400 for a token that no page gave.
 */
export async function listDomains(
  ports: Ports,
  { caller }: Scope,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string | undefined },
): Promise<DomainPage> {
  const page = await ports.registry
    .list({
      pageSize,
      ...(pageToken !== undefined && { pageToken }),
      ...(!caller.isOperator && { customer: caller.email }),
    })
    .catch((error: unknown) => {
      if (error instanceof InvalidPageToken) {
        throw invalidField("pageToken", "must be one that an earlier page gave", pageToken);
      }
      throw error;
    });
  const limit = pLimit(CONCURRENT_READS);
  const domains = await Promise.all(
    page.records.map((record) =>
      limit(async () =>
        viewOf(
          record,
          needsJournal(record) ? await ports.registry.journal(record.domain, record.orderNumber) : [],
        ),
      ),
    ),
  );
  return { domains, nextPageToken: page.nextPageToken };
}

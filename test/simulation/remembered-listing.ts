import { RECORDS_PREFIX, recordOfMetadata } from "../../runtime/certificates/registry/layout.ts";
import type { ObjectStore } from "../../runtime/google/object-store.ts";
import type { DomainListing, ListedDomain } from "../../runtime/workloads/domain-watcher/domain-listing.ts";

interface Remembered {
  readonly generation: string;
  readonly listed: ListedDomain;
}

/** As the API lists all domains, without parsing again what has not changed since the last round. */
export class RememberedListing implements DomainListing {
  readonly #objects: ObjectStore;
  readonly #remembered = new Map<string, Remembered>();

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  async *pages(): AsyncGenerator<readonly ListedDomain[]> {
    let pageToken: string | undefined;
    do {
      const page = await this.#objects.list({
        prefix: RECORDS_PREFIX,
        pageSize: 1_000,
        ...(pageToken !== undefined && { pageToken }),
      });
      yield page.objects.map(({ name, generation, metadata }) => {
        const found = this.#remembered.get(name);
        if (found?.generation === generation) return found.listed;
        const { domain, lifecycle, notBefore, notAfter, dueAt } = recordOfMetadata(name, metadata);
        const listed = {
          domain,
          state: lifecycle,
          notBefore: notBefore ?? null,
          notAfter: notAfter ?? null,
          dueAt: dueAt ?? null,
        };
        this.#remembered.set(name, { generation, listed });
        return listed;
      });
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }
}

import * as z from "zod";
import { FastlyApi, type FastlyApiOptions } from "./fastly-api.ts";
import { FastlyError } from "./fastly-error.ts";

const DOMAINS = "/domain-management/v1/domains";
const PAGE_SIZE = 100;
/** A listing of one name is short. One with more pages says that the filter does not work, which must not go unnoticed. */
const MAX_PAGES = 50;

const domainSchema = z.object({ id: z.string(), fqdn: z.string(), service_id: z.string().nullish() });
const pageSchema = z.object({
  data: z.array(domainSchema),
  meta: z.object({ next_cursor: z.string().nullish() }).nullish(),
});

export type LinkResult =
  | { readonly kind: "linked" /** Whether this call made the link. */; readonly created: boolean }
  /** The name belongs to another service, of ours or of another of Fastly's customers. */
  | { readonly kind: "taken"; readonly reason: string };

/** Whose a domain is at Fastly: of our service, of another one, or of none. */
export type Linked = "ours" | "another's" | "none";

/** Which domains Fastly's edge routes to one service (versionless domains). Every call is idempotent. */
export interface FastlyDomains {
  /** @throws {FastlyError} */
  linked(fqdn: string, signal?: AbortSignal): Promise<Linked>;
  /** @throws {FastlyError} */
  link(fqdn: string, signal?: AbortSignal): Promise<LinkResult>;
  /** Removes the domain if it is linked to our service, and leaves it alone otherwise. @throws {FastlyError} */
  unlink(fqdn: string, signal?: AbortSignal): Promise<void>;
}

export interface FastlyDomainsOptions extends FastlyApiOptions {
  readonly serviceId: string;
}

/** @see https://www.fastly.com/documentation/reference/api/domain-management/domains */
export function openFastlyDomains({ serviceId, ...options }: FastlyDomainsOptions): FastlyDomains {
  const api = new FastlyApi(options);

  async function find(fqdn: string, signal?: AbortSignal) {
    const filter = { fqdn, fqdn_match: "exact", limit: String(PAGE_SIZE) };
    let cursor: string | undefined;
    for (let page = 1; page <= MAX_PAGES; page++) {
      const query = { ...filter, ...(cursor !== undefined && { cursor }) };
      const { data, meta } = pageSchema.parse((await api.request("GET", DOMAINS, { query, signal })).body);
      // Without `fqdn_match` the filter takes every name that contains the asked one, so the name decides here.
      const found = data.find((domain) => domain.fqdn === fqdn);
      if (found !== undefined || !meta?.next_cursor) return found;
      cursor = meta.next_cursor;
    }
    throw new Error(`Fastly ${DOMAINS} must fit ${MAX_PAGES} pages under fqdn=${fqdn}; got more.`);
  }

  function taken(fqdn: string): LinkResult {
    return { kind: "taken", reason: `${fqdn} is already in use at Fastly by another service.` };
  }

  return {
    async linked(fqdn, signal) {
      const found = await find(fqdn, signal);
      if (!found?.service_id) return "none";
      return found.service_id === serviceId ? "ours" : "another's";
    },

    async link(fqdn, signal) {
      const found = await find(fqdn, signal);
      if (found?.service_id === serviceId) return { kind: "linked", created: false };
      if (found?.service_id) return taken(fqdn);
      if (found) {
        await api.request("PATCH", `${DOMAINS}/${encodeURIComponent(found.id)}`, {
          body: { service_id: serviceId },
          signal,
        });
        return { kind: "linked", created: true };
      }
      try {
        await api.request("POST", DOMAINS, { body: { fqdn, service_id: serviceId }, signal });
        return { kind: "linked", created: true };
      } catch (error) {
        if (!(error instanceof FastlyError) || error.code !== "FASTLY_REFUSED") throw error;
        // Refused as a duplicate: either a redelivery of ours was faster, or the name is somebody else's.
        const now = await find(fqdn, signal);
        if (now?.service_id === serviceId) return { kind: "linked", created: false };
        if (now || error.status === 409) return taken(fqdn);
        throw error;
      }
    },

    async unlink(fqdn, signal) {
      const found = await find(fqdn, signal);
      if (found?.service_id !== serviceId) return;
      await api.request("DELETE", `${DOMAINS}/${encodeURIComponent(found.id)}`, { signal });
    },
  };
}

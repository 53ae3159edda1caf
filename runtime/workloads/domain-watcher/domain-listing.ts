import { request } from "node:https";
import { isIP } from "node:net";
import * as z from "zod";
import type { IdTokens } from "../../google/id-tokens.ts";
import { retrying } from "../../workload/deadline.ts";
import { traced, traceHeaders } from "../../workload/span.ts";

const PAGE_SIZE = 1_000;
const RETRIES = { deadlineMs: 45_000, attemptMs: 20_000, pauseMs: 500, maxPauseMs: 5_000 };
const MAX_REPLY_BYTES = 4 * 1024 * 1024;

const pageSchema = z.object({
  domains: z.array(
    z.object({
      domain: z.string(),
      state: z.string(),
      notBefore: z.string().nullable(),
      notAfter: z.string().nullable(),
      dueAt: z.string().nullable(),
    }),
  ),
  nextPageToken: z.string().nullable(),
});

export type ListedDomain = z.output<typeof pageSchema>["domains"][number];

/** All domains of all customers, as the domain API lists them. */
export interface DomainListing {
  /** Page by page, so that no more than one is in memory. @throws {ListingFailed} */
  pages(signal: AbortSignal): AsyncGenerator<readonly ListedDomain[]>;
}

/** The API gave no page. */
export class ListingFailed extends Error {
  readonly code = "LISTING_FAILED";
  /** HTTP's, if there was an answer. */
  readonly status: number | undefined;

  constructor(reason: string, status?: number, options?: ErrorOptions) {
    super(`The domain API gave no list of domains: ${reason}.`, options);
    this.name = "ListingFailed";
    this.status = status;
  }
}

export interface DomainListingOptions {
  /** `https://HOST` */
  readonly url: string;
  readonly port: number;
  readonly tokens: IdTokens;
  /** The address of the API's host. @default what the system's resolver says */
  readonly addressOf?: ((host: string) => Promise<string>) | undefined;
}

/** Asks the API's host through the load balancer: a `run.app` URL can't be reached under internal ingress. */
export function openDomainListing({ url, port, tokens, addressOf }: DomainListingOptions): DomainListing {
  const { hostname } = new URL(url);

  async function page(pageToken: string | null, signal: AbortSignal) {
    const query = new URLSearchParams({ pageSize: String(PAGE_SIZE), ...(pageToken && { pageToken }) });
    const path = `/v1/domains?${query}`;
    const send = async () => {
      const host = (await addressOf?.(hostname)) ?? hostname;
      const authorization = `Bearer ${await tokens.get()}`;
      return get({ host, port, hostname, path, authorization, signal });
    };
    const isTransient = (error: unknown) =>
      !signal.aborted &&
      !(error instanceof ListingFailed && (error.status ?? 500) < 500 && error.status !== 429);
    const body = await traced("API list", () =>
      retrying({ what: "A page of domains", ...RETRIES, isTransient }, send),
    );
    const parsed = pageSchema.safeParse(body);
    if (!parsed.success)
      throw new ListingFailed(`a page is not as expected (${z.prettifyError(parsed.error)})`);
    return parsed.data;
  }

  return {
    async *pages(signal) {
      let pageToken: string | null = null;
      do {
        const { domains, nextPageToken } = await page(pageToken, signal);
        yield domains;
        pageToken = nextPageToken;
      } while (pageToken !== null);
    },
  };
}

interface Call {
  /** Where to connect to. */
  readonly host: string;
  readonly port: number;
  /** What the certificate must bear. */
  readonly hostname: string;
  readonly path: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
}

function get({ host, port, hostname, path, authorization, signal }: Call): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { host: hostname, authorization, ...traceHeaders() };
    const outgoing = request(
      { host, port, servername: isIP(hostname) ? "" : hostname, path, headers, signal },
      async (incoming) => {
        try {
          let text = "";
          for await (const chunk of incoming.setEncoding("utf8")) {
            text += chunk;
            if (text.length > MAX_REPLY_BYTES)
              throw new Error(`a page has more than ${MAX_REPLY_BYTES} bytes`);
          }
          const status = incoming.statusCode ?? 0;
          if (status === 200) resolve(JSON.parse(text));
          else reject(new ListingFailed(`it answered ${status} ${text.slice(0, 300)}`, status));
        } catch (cause) {
          reject(new ListingFailed("its answer broke off, or is no JSON", undefined, { cause }));
        }
      },
    );
    outgoing.on("error", (cause) => reject(new ListingFailed(cause.message, undefined, { cause })));
    outgoing.end();
  });
}

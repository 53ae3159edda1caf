import type { HttpBindings } from "@hono/node-server";
import type { Logger } from "../../workload/logger.ts";
import { challengeName } from "./challenge-name.ts";
import type { Challenges } from "./ports.ts";

export interface TokenProxyDeps {
  readonly challenges: Challenges;
  readonly logger: Pick<Logger, "error">;
}

const HEADERS = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };

/**
 * Answers HTTP-01 challenges (RFC 8555 section 8.3) by Host and path only. Whatever is not an
 * answer gets one and the same 404, so that nothing can be learnt from the difference; when
 * Storage cannot tell, it is 503, which a CA may ask again.
 */
export function createApp({ challenges, logger }: TokenProxyDeps) {
  return {
    async fetch(request: Request, bindings?: unknown): Promise<Response> {
      if (request.method !== "GET") return answer(405, "Method Not Allowed\n", { Allow: "GET" });
      const { host, target } = rawRequest(request, bindings);
      const name = challengeName(host, target);
      if (name === undefined) return answer(404, "Not Found\n");
      try {
        const found = await challenges.read(name);
        return found ? answer(200, found.toString()) : answer(404, "Not Found\n");
      } catch (error) {
        logger.error({ error, name }, "A challenge could not be read");
        return answer(503, "Service Unavailable\n", { "Retry-After": "1" });
      }
    },
  };
}

function answer(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers: { ...HEADERS, ...headers } });
}

/** The request line as it came: a `URL` would have resolved `..` and decoded its way into our paths. */
function rawRequest(request: Request, bindings: unknown): { host: string | undefined; target: string } {
  const { incoming } = (bindings ?? {}) as Partial<HttpBindings>;
  if (incoming) return { host: incoming.headers.host, target: incoming.url ?? "/" };
  const { host, pathname } = new URL(request.url);
  return { host, target: pathname };
}

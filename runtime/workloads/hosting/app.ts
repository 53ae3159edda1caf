import { createHash } from "node:crypto";
import { notFoundPage, STYLE, welcomePage } from "./page.ts";

export interface HostingDeps {
  readonly platformName: string;
}

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** The page's one style is allowed by its hash; nothing else is loaded, framed or sent anywhere. */
const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-cache",
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  // For this host alone: its owner decides about subdomains and preloading.
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** A stand-in for a customer's site: one page at `/` for whatever Host asks, and a 404 page elsewhere. */
export function createApp({ platformName }: HostingDeps) {
  return {
    fetch(request: Request): Response {
      const { host, pathname } = new URL(request.url);
      if (request.method !== "GET" && request.method !== "HEAD") {
        return new Response("Method Not Allowed\n", {
          status: 405,
          headers: { ...HEADERS, "Content-Type": "text/plain; charset=utf-8", Allow: "GET, HEAD" },
        });
      }
      const name = host.replace(/:\d+$/, "");
      return pathname === "/"
        ? html(200, welcomePage(name, platformName))
        : html(404, notFoundPage(name, platformName));
    },
  };
}

function html(status: number, body: string): Response {
  return new Response(body, { status, headers: HEADERS });
}

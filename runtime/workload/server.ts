import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { createAdaptorServer, getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Logger } from "./logger.ts";
import type { Platform } from "./platform.ts";

/** Cloud Run sends SIGKILL 10 s after SIGTERM: what is in flight gets a little less. */
const GRACE_MS = 9_000;

/**
 * What has not arrived by then, counted from a connection's beginning or the end of its last request, is
 * cut off with 408: headers, and whole requests. Those that the platform sends us are small.
 */
const PATIENCE: Patience = { headersMs: 10_000, requestMs: 20_000, lookMs: 1_000 };

export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often is looked for what takes too long. */
  readonly lookMs: number;
}

/** What a server answers by: any Hono app. */
export type App = Pick<Hono, "fetch">;

/** Node's form of the handler: what Cloud Functions calls and tests may serve. */
export function requestListener(app: App): RequestListener {
  const listener = getRequestListener(fetchWithHealth(app));
  return (request, response) => void listener(request, response);
}

/** Answers by `app`, and `GET /health` beside it. */
export function createServer(app: App, { headersMs, requestMs, lookMs } = PATIENCE): Server {
  return createAdaptorServer({
    fetch: fetchWithHealth(app),
    serverOptions: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: lookMs,
    },
  }) as Server;
}

/**
 * Serves `app` on `platform.PORT`, and `GET /health` beside it (`/healthz` is reserved on Cloud Run).
 * On SIGTERM it stops accepting, lets requests in flight finish within 9 s, and ends the process.
 *
 * @returns once connections are accepted.
 */
export async function listen(app: App, platform: Pick<Platform, "PORT">, logger?: Logger): Promise<void> {
  const server = createServer(app);
  server.listen(platform.PORT);
  await once(server, "listening");
  process.once("SIGTERM", () => void shutDown(server, GRACE_MS).then(() => process.exit(0)));
  logger?.info({ port: platform.PORT }, "Listening");
}

/** Stops accepting, waits for requests in flight up to `graceMs`, then cuts what is left. */
export async function shutDown(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

function fetchWithHealth(app: App): App["fetch"] {
  return (request, ...rest) =>
    request.method === "GET" && new URL(request.url).pathname === "/health"
      ? Response.json({ status: "ok" })
      : app.fetch(request, ...rest);
}

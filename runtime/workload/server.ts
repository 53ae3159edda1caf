import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { createAdaptorServer, getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { Logger } from "./logger.ts";
import type { Platform } from "./platform.ts";

/** Cloud Run sends SIGKILL 10 s after SIGTERM: what is in flight gets a little less. */
const GRACE_MS = 9_000;

/** What a server answers by: any Hono app. */
export type App = Pick<Hono, "fetch">;

/** Node's form of the handler: what Cloud Functions calls and tests may serve. */
export function requestListener(app: App): RequestListener {
  const listener = getRequestListener(fetchWithHealth(app));
  return (request, response) => void listener(request, response);
}

/**
 * Serves `app` on `platform.PORT`, and `GET /health` beside it (`/healthz` is reserved on Cloud Run).
 * On SIGTERM it stops accepting, lets requests in flight finish within 9 s, and ends the process.
 *
 * @returns once connections are accepted.
 */
export async function listen(app: App, platform: Pick<Platform, "PORT">, logger?: Logger): Promise<void> {
  const server = createAdaptorServer({ fetch: fetchWithHealth(app) }) as Server;
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

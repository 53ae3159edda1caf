import type { IncomingMessage, ServerResponse } from "node:http";

/** How a request reached Cloud Run: decides what a service's ingress rule says of it. */
export type Ingress = "external" | "loadBalancer" | "pubsub";

export interface CloudRun {
  /**
   * Serves a request as Google's front end would: ingress rule, invoker's token, then an instance.
   *
   * @param peer the address that it came from. @default this machine's
   */
  serve(
    service: string,
    ingress: Ingress,
    request: IncomingMessage,
    response: ServerResponse,
    peer?: string,
  ): Promise<void>;
  /** A request, a POST by default, to a `run.app` URI from within Google, as Pub/Sub's pushes are. Never throws: no answer is a 5xx. */
  post(
    uri: string,
    options: {
      method?: string;
      headers: Record<string, string>;
      body: Buffer;
      deadlineMs: number;
      signal?: AbortSignal;
    },
  ): Promise<{ status: number; body: string }>;
  /** Resolves when the newest revision has started an instance once. @throws {RevisionFailed} with its last log lines. */
  ready(service: string): Promise<void>;
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { gunzipSync } from "node:zlib";
import type { Kernel, Part } from "../../kernel/contract.ts";
import { openPort } from "../../kernel/open-port.ts";
import { type ReceivedNotice, ReceivedNotices } from "./notices.ts";
import { eventsOf } from "./sentry-envelope.ts";
import { slackRefusal } from "./slack-message.ts";

const NAMES = ["localhost", "127.0.0.1", "hooks.slack.com"];
const LARGEST_BODY = 1024 * 1024;
const WEBHOOK = /^\/services\/[^/]+\/[^/]+\/[^/]+$/;
const ENVELOPE = /^\/api\/\d+\/envelope\/(\?|$)/;

/** The next so many requests are answered with this, as Slack and Sentry answer those that are too many. */
export interface ReceiverFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly times: number;
}

/** hooks.slack.com and Sentry's ingestion, as far as one writes to them: what comes is kept to be looked at. */
export class AlertReceiver implements Part {
  readonly name = "alert-receiver";
  readonly #kernel: Kernel;
  readonly #notices: ReceivedNotices;
  #server: Server | undefined;
  #fault: ReceiverFault | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#notices = new ReceivedNotices(kernel.db);
  }

  async start(): Promise<void> {
    const server = createServer(await this.#kernel.authority.issue(NAMES), (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#kernel.logging.write({ severity: "ERROR", message: String(error), source: this.name });
        answer(response, 500, "internal_error");
      });
    });
    this.#server = server;
    await openPort(server, this.#kernel.ports.alertReceiver, "alertReceiver");
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server?.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Newest last. */
  notices(): readonly ReceivedNotice[] {
    return this.#notices.list();
  }

  /** For tests of who calls. */
  failNext(fault: ReceiverFault): void {
    this.#fault = fault;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = "/" } = request;
    const body = await readBody(request);
    const fault = this.#takeFault();
    if (body === undefined) answer(response, 413, "too_large");
    else if (fault) answer(response, fault.status, "fault", fault.headers);
    else if (method === "POST" && WEBHOOK.test(url)) this.#takeMessage(body, response);
    else if (method === "POST" && ENVELOPE.test(url)) this.#takeEnvelope(body, response);
    else answer(response, 404, "no_service");
  }

  #takeMessage(body: string, response: ServerResponse): void {
    const message = parsed(body);
    const refusal = slackRefusal(message);
    if (refusal !== undefined) {
      answer(response, 400, refusal);
      return;
    }
    const { text: title = "" } = message as { readonly text?: string };
    this.#notices.add({ receiver: "slack", at: new Date().toISOString(), title, tags: {}, payload: message });
    answer(response, 200, "ok");
  }

  #takeEnvelope(body: string, response: ServerResponse): void {
    const events = eventsOf(body);
    if (!events) {
      answer(response, 400, JSON.stringify({ detail: "bad envelope" }));
      return;
    }
    for (const event of events) {
      const { event_id: id, message: title = "", tags = {} } = event;
      this.#notices.add(
        { receiver: "sentry", at: new Date().toISOString(), title, tags, payload: event },
        id,
      );
    }
    answer(response, 200, JSON.stringify({ id: events[0]?.event_id }));
  }

  #takeFault(): ReceiverFault | undefined {
    const fault = this.#fault;
    if (fault) this.#fault = fault.times > 1 ? { ...fault, times: fault.times - 1 } : undefined;
    return fault;
  }
}

/** `undefined` for one that is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  if (size > LARGEST_BODY) return undefined;
  const bytes = Buffer.concat(chunks);
  const isZipped = request.headers["content-encoding"] === "gzip";
  return (isZipped ? gunzipSync(bytes, { maxOutputLength: LARGEST_BODY }) : bytes).toString("utf8");
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { "content-type": "text/plain", ...headers }).end(text);
}

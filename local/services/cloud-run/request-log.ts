import type { Kernel, Severity } from "../../kernel/contract.ts";
import { type TraceContext, traceFields } from "../../kernel/trace-context.ts";
import { type Call, header, type Reply } from "./exchange.ts";
import { originOf } from "./log-origin.ts";
import type { ServiceSettings } from "./service-settings.ts";

/** The status line and the empty line, about. */
const FRAME_BYTES = 19;

/** One entry a request in the log `run.googleapis.com/requests`. @see https://cloud.google.com/run/docs/logging */
export class RequestLog {
  /** The revision that serves, once it is known; until then, the one that would. */
  revision: string;
  readonly #logging: Kernel["logging"];
  readonly #service: ServiceSettings;
  readonly #call: Call;
  readonly #trace: TraceContext;
  readonly #startedAt = performance.now();
  readonly #timestamp = new Date().toISOString();

  constructor(
    { logging }: Pick<Kernel, "logging">,
    service: ServiceSettings,
    revision: string,
    call: Call,
    trace: TraceContext,
  ) {
    this.#logging = logging;
    this.#service = service;
    this.revision = revision;
    this.#call = call;
    this.#trace = trace;
  }

  write({ status, headers, body, bytes }: Reply, reason?: string): void {
    const { method, url, headers: sent, protocol, peer } = this.#call;
    const [path = ""] = url.split("?");
    const latencyMs = performance.now() - this.#startedAt;
    const sizes = bytes?.() ?? {
      request: bytesOf(sent),
      response: bytesOf(headers) + (typeof body === "string" ? Buffer.byteLength(body) : 0),
    };
    const scheme = header(sent, "x-forwarded-proto") ?? "https";
    const userAgent = header(sent, "user-agent");
    const referer = header(sent, "referer");
    this.#logging.write({
      ...originOf(this.#service, this.revision, "requests"),
      severity: severityOf(status),
      message: `${method} ${path} ${status}${reason ? `: ${reason}` : ""}`,
      ...traceFields(this.#trace),
      trace: `projects/${this.#service.project}/traces/${this.#trace.traceId}`,
      timestamp: this.#timestamp,
      httpRequest: {
        requestMethod: method,
        requestUrl: `${scheme}://${header(sent, "host") ?? this.#service.host}${url}`,
        requestSize: String(sizes.request),
        status,
        responseSize: String(sizes.response),
        ...(userAgent !== undefined && { userAgent }),
        ...(peer !== undefined && { remoteIp: peer }),
        ...(referer !== undefined && { referer }),
        latency: `${(latencyMs / 1000).toFixed(6)}s`,
        protocol,
      },
    });
  }
}

/** With the lines that are not headers. */
function bytesOf(headers: readonly string[]): number {
  return headers.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, FRAME_BYTES);
}

function severityOf(status: number): Severity {
  if (status >= 500) return "ERROR";
  return status >= 400 ? "WARNING" : "INFO";
}

import type { Ingress, Kernel, Severity } from "../parts.ts";
import { continueTrace, type TraceContext, toTraceparent, traceFields } from "../trace-context.ts";
import { admit } from "./admission.ts";
import type { DeployedService } from "./deployed-service.ts";
import { type Call, header, type Reply, refusal } from "./exchange.ts";
import { BrokenInstance, forward } from "./forward.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import type { ServiceSettings } from "./service-settings.ts";

class TimedOut extends Error {
  readonly code = "TIMED_OUT";
}

/** Takes a call through ingress rule, invoker's token, an instance and the request log. Never throws. */
export class FrontEnd {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The reply's body must be read or destroyed: until then the call counts against its instance. */
  async dispatch(service: DeployedService, ingress: Ingress, incoming: Call): Promise<Reply> {
    const startedAt = performance.now();
    // A service whose first revision is on its way is judged once its configuration is read.
    if (!service.settings) await service.ready().catch(() => undefined);
    const { settings } = service;
    if (!settings) return refusal(503, "Service Unavailable");

    const trace = continueTrace(header(incoming.headers, "traceparent"));
    const call = withPlatformHeaders(incoming, ingress, trace);
    const log = this.#requestLog(settings, call, trace, startedAt);
    try {
      const admission = await admit(this.#kernel, settings, ingress, call);
      if (admission.kind === "refused") {
        log(admission.reply.status, admission.reason);
        return admission.reply;
      }
      return await this.#serve(service, settings, { ...call, headers: admission.headers }, log);
    } catch (error) {
      const reply = toReply(error);
      log(reply.status, describe(error));
      return reply;
    }
  }

  async #serve(
    service: DeployedService,
    { template }: ServiceSettings,
    call: Call,
    log: (status: number, reason?: string) => void,
  ): Promise<Reply> {
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new TimedOut("upstream request timeout")),
      template.timeoutMs,
    );
    const signal = AbortSignal.any([call.signal, timeout.signal]);
    let release: () => void = () => undefined;
    const end = () => {
      clearTimeout(timer);
      release();
    };
    try {
      const lease = await service.acquire(signal);
      release = lease.release;
      const reply = await forward(lease.instance.port, { ...call, signal });
      if (typeof reply.body === "string") end();
      else {
        reply.body.once("close", () => {
          end();
          log(reply.status, timeout.signal.aborted ? "upstream request timeout" : undefined);
        });
      }
      if (typeof reply.body === "string") log(reply.status);
      return reply;
    } catch (error) {
      end();
      throw error;
    }
  }

  #requestLog(
    service: ServiceSettings,
    call: Call,
    trace: TraceContext,
    startedAt: number,
  ): (status: number, reason?: string) => void {
    const timestamp = new Date().toISOString();
    return (status, reason) => {
      const latencyMs = performance.now() - startedAt;
      const [path = ""] = call.url.split("?");
      this.#kernel.logging.write({
        severity: severityOf(status),
        message: `${call.method} ${path} ${status}${reason ? `: ${reason}` : ""}`,
        source: service.name,
        timestamp,
        ...traceFields(trace),
        httpRequest: {
          requestMethod: call.method,
          requestUrl: `https://${header(call.headers, "host") ?? service.host}${path}`,
          status,
          latency: `${(latencyMs / 1000).toFixed(6)}s`,
          ...(call.peer && { remoteIp: call.peer }),
        },
      });
    };
  }
}

function toReply(error: unknown): Reply {
  if (error instanceof NoInstance) return refusal(429, error.message);
  if (error instanceof TimedOut) return refusal(504, error.message, ["Connection", "close"]);
  if (error instanceof InstanceFailed) return refusal(503, "Service Unavailable");
  if (error instanceof BrokenInstance) return refusal(503, error.message);
  return refusal(500, "Internal error encountered.");
}

function describe(error: unknown): string {
  if (error instanceof InstanceFailed) return `its instance ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function severityOf(status: number): Severity {
  if (status >= 500) return "ERROR";
  return status >= 400 ? "WARNING" : "INFO";
}

/**
 * The load balancer has said already who the client was; otherwise this is the first of Google's to see it.
 * The instance's own span is a child of the front end's.
 */
function withPlatformHeaders(call: Call, ingress: Ingress, trace: TraceContext): Call {
  const added: string[] = ["traceparent", toTraceparent(trace)];
  let headers = without(call.headers, "traceparent");
  if (ingress !== "loadBalancer" && call.peer !== undefined) {
    const before = header(headers, "x-forwarded-for");
    headers = without(headers, "x-forwarded-for");
    added.push("X-Forwarded-For", before === undefined ? call.peer : `${before},${call.peer}`);
  }
  if (ingress !== "loadBalancer") {
    headers = without(headers, "x-forwarded-proto");
    added.push("X-Forwarded-Proto", "https");
  }
  return { ...call, headers: [...headers, ...added] };
}

function without(headers: readonly string[], name: string): readonly string[] {
  return headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() !== name);
}

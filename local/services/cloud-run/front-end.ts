import type { Kernel } from "../../kernel/contract.ts";
import {
  continueTrace,
  type TraceContext,
  toCloudTraceContext,
  toTraceparent,
} from "../../kernel/trace-context.ts";
import { admit } from "./admission.ts";
import type { Ingress } from "./contract.ts";
import type { DeployedService } from "./deployed-service.ts";
import { type Call, header, type Reply, refusal } from "./exchange.ts";
import { BrokenInstance, forward } from "./forward.ts";
import { InstanceFailed } from "./instance-failed.ts";
import { NoInstance } from "./no-instance.ts";
import { RequestLog } from "./request-log.ts";

/** What Google's load balancers log of a request whose client went away; nobody gets it. */
const CLIENT_CLOSED = 499;

class TimedOut extends Error {
  readonly code = "TIMED_OUT";
}

/** A service, and the tag in the host that asked for it. */
export interface Addressed {
  readonly service: DeployedService;
  readonly tag?: string | undefined;
}

/** Takes a call through ingress rule, invoker's token, an instance and the request log. Never throws. */
export class FrontEnd {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The reply's body must be read or destroyed: until then the call counts against its instance. */
  async dispatch({ service, tag }: Addressed, ingress: Ingress, incoming: Call): Promise<Reply> {
    // A service whose first revision is on its way is judged once its configuration is read.
    if (!service.settings) await service.ready().catch(() => undefined);
    const { settings } = service;
    if (!settings) return refusal(503, "Service Unavailable");

    const { headers } = incoming;
    const trace = continueTrace(header(headers, "traceparent"), header(headers, "x-cloud-trace-context"));
    const call = withPlatformHeaders(incoming, ingress, trace);
    const log = new RequestLog(this.#kernel, settings, service.newest ?? "", call, trace);
    try {
      const admission = await admit(this.#kernel, settings, ingress, call);
      if (admission.kind === "refused") {
        log.write(admission.reply, admission.reason);
        return admission.reply;
      }
      return await this.#serve({ service, tag }, { ...call, headers: admission.headers }, log);
    } catch (error) {
      const reply = call.signal.aborted
        ? refusal(CLIENT_CLOSED, "The client closed the connection.")
        : toReply(error);
      log.write(reply, describe(error));
      return reply;
    }
  }

  async #serve({ service, tag }: Addressed, call: Call, log: RequestLog): Promise<Reply> {
    const timeout = new AbortController();
    const timeoutMs = service.settings?.template.timeoutMs;
    const timer = setTimeout(() => timeout.abort(new TimedOut("upstream request timeout")), timeoutMs);
    const signal = AbortSignal.any([call.signal, timeout.signal]);
    let release: () => void = () => undefined;
    const end = () => {
      clearTimeout(timer);
      release();
    };
    try {
      const lease = await service.acquire(signal, tag);
      release = lease.release;
      log.revision = lease.revision;
      const reply = await forward(lease.instance.port, { ...call, signal });
      if (typeof reply.body === "string") {
        end();
        log.write(reply);
      } else {
        reply.body.once("close", () => {
          end();
          log.write(reply, signal.aborted ? describe(signal.reason) : undefined);
        });
      }
      return reply;
    } catch (error) {
      end();
      throw error;
    }
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

/**
 * The load balancer has said already who the client was; otherwise this is the first of Google's to see it.
 * The instance's own span is a child of the front end's.
 */
function withPlatformHeaders(call: Call, ingress: Ingress, trace: TraceContext): Call {
  const added = ["traceparent", toTraceparent(trace), "X-Cloud-Trace-Context", toCloudTraceContext(trace)];
  let headers = without(without(call.headers, "traceparent"), "x-cloud-trace-context");
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

import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import type { Kernel } from "../../kernel/contract.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import type { Job, Target } from "./job.ts";

type HttpTarget = Extract<Target, { kind: "http" }>;

/** What became of one attempt. */
export interface Outcome {
  readonly ok: boolean;
  /** HTTP's status, where there was an answer. */
  readonly status: number | null;
  /** In Google's words where it failed: a status of google.rpc and what is known. */
  readonly detail: string;
}

const STATUSES: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};
const LOGGED_CHARACTERS = 300;

/** Calls a job's URL within the local cloud: no request leaves this machine, wherever the URL points. */
export async function callTarget(
  kernel: Kernel,
  run: Pick<CloudRun, "post">,
  job: Job,
  target: HttpTarget,
  { scheduledAt, signal }: { readonly scheduledAt: number; readonly signal: AbortSignal },
): Promise<Outcome> {
  const headers = {
    ...target.headers,
    "User-Agent": "Google-Cloud-Scheduler",
    "X-CloudScheduler": "true",
    "X-CloudScheduler-JobName": job.name,
    "X-CloudScheduler-ScheduleTime": new Date(scheduledAt).toISOString(),
    ...(await authorization(kernel, target)),
  };
  const { method, body } = target;
  const deadlineMs = job.attemptDeadlineMs;
  const url = new URL(target.uri);
  // Cloud Scheduler counts as internal to Google where it calls a run.app URL.
  const answer = url.hostname.endsWith(".run.app")
    ? await run.post(target.uri, { method, headers, body, deadlineMs, signal })
    : await callFrontend(kernel, url, { method, headers, body, deadlineMs, signal });
  return toOutcome(answer);
}

async function authorization(
  { tokens }: Kernel,
  { credentials }: HttpTarget,
): Promise<{ Authorization?: string }> {
  if (!credentials) return {};
  const token =
    credentials.kind === "oidc"
      ? await tokens.idToken(credentials.email, credentials.audience)
      : tokens.accessToken(credentials.email);
  return { Authorization: `Bearer ${token}` };
}

interface Call {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** The load balancer, which knows its hosts itself; Google's own APIs have a port of theirs. */
function callFrontend(
  { ports, authority }: Kernel,
  url: URL,
  { method, headers, body, deadlineMs, signal }: Call,
): Promise<{ status: number | null; body: string }> {
  const isSecure = url.protocol === "https:";
  const secure = url.hostname.endsWith(".googleapis.com") ? ports.googleapis : ports.loadBalancerHttps;
  const options = {
    host: "127.0.0.1",
    port: isSecure ? secure : ports.loadBalancerHttp,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...headers, Host: url.host, "Content-Length": String(body.length) },
    agent: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
  };
  return new Promise((resolve) => {
    const fail = (error: Error) =>
      resolve(
        error.name === "TimeoutError" || error.name === "AbortError"
          ? { status: 504, body: `no answer in ${deadlineMs / 1000} s` }
          : { status: null, body: `nothing of the local cloud answers for ${url.host}: ${error.message}` },
      );
    const respond = (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        if (text.length < LOGGED_CHARACTERS) text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 502, body: text }));
      response.once("error", fail);
    };
    const request = isSecure
      ? secureRequest({ ...options, servername: url.hostname, ca: authority.rootPem }, respond)
      : plainRequest(options, respond);
    request.once("error", fail);
    request.end(body);
  });
}

function toOutcome({ status, body }: { status: number | null; body: string }): Outcome {
  const ok = status !== null && status >= 200 && status < 300;
  if (ok) return { ok, status, detail: `${status}` };
  const said = body.slice(0, LOGGED_CHARACTERS).replaceAll(/\s+/g, " ").trim();
  const name = STATUSES[status ?? 503] ?? (status !== null && status >= 500 ? "INTERNAL" : "UNKNOWN");
  return { ok, status, detail: `${name}${status === null ? "" : ` (HTTP ${status})`}${said && `: ${said}`}` };
}

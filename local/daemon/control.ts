import type { IncomingMessage, ServerResponse } from "node:http";
import type { Egress, Kernel, OpenIncident, Part, Ports } from "../kernel/contract.ts";

const ACCOUNT_KIND = "gcp:serviceaccount/account:Account";

/** What the command line asks of a running cloud. */
export interface CloudStatus {
  readonly pid: number;
  /** Its parts are being stopped: it takes no more work, and its process is about to end. */
  readonly stopping: boolean;
  readonly stateDir: string;
  readonly ports: Ports;
  /** Holds every root that a client of this cloud needs. */
  readonly caFile: string;
  readonly parts: readonly { readonly name: string; readonly pids: readonly number[] }[];
  /** All processes of the cloud, its own first. */
  readonly pids: readonly number[];
  /** Outgoing connections of workloads, refused ones first. */
  readonly egress: readonly Egress[];
  readonly incidents: readonly OpenIncident[];
}

/** What a part answers beside the daemon itself. */
export interface ControlRoute {
  readonly method: "GET" | "POST";
  /** Of the whole path; what its groups hold, unescaped, is given to `answer`. */
  readonly path: RegExp;
  /** `undefined` for what does not exist. */
  answer(...names: readonly string[]): unknown;
}

export function statusOf(kernel: Kernel, parts: readonly Part[], stopping = false): CloudStatus {
  const named = parts.map((part) => ({ name: part.name, pids: part.pids?.() ?? [] }));
  return {
    pid: process.pid,
    stopping,
    stateDir: kernel.stateDir,
    ports: kernel.ports,
    caFile: kernel.authority.caFile,
    parts: named,
    pids: [process.pid, ...named.flatMap(({ pids }) => pids)],
    egress: parts.flatMap((part) => part.egress?.() ?? []),
    incidents: parts.flatMap((part) => part.incidents?.() ?? []),
  };
}

/** Answers `GET /status`, `GET /identities/EMAIL`, `POST /stop`, and the parts' `routes`, to this machine alone. */
export function controlHandler(
  kernel: Kernel,
  status: () => CloudStatus,
  stop: () => void,
  routes: readonly ControlRoute[] = [],
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (isForeign(request)) {
      answer(response, 403, { error: "Only this machine is served, and no page of a browser's." });
      return;
    }
    const account = accountNamed(kernel, request.url ?? "");
    if (request.method === "GET" && request.url === "/status") {
      answer(response, 200, status());
    } else if (request.method === "GET" && account !== undefined) {
      kernel.identities.endpoints(account).then(
        (endpoints) => answer(response, 200, endpoints),
        (error: unknown) => answer(response, 500, { error: String(error) }),
      );
    } else if (request.method === "POST" && request.url === "/stop") {
      answer(response, 200, {});
      response.once("close", stop);
    } else {
      answerRoute(routes, request, response).catch((error: unknown) =>
        answer(response, 500, { error: String(error) }),
      );
    }
  };
}

/**
 * A page in a browser can reach loopback too: by a name of its own that leads there, or from
 * another site, which the browser then tells. Nothing here serves pages, so no page's request is ours.
 */
function isForeign({ headers }: IncomingMessage): boolean {
  const host = headers.host?.replace(/:\d+$/, "");
  const site = headers["sec-fetch-site"] ?? "none";
  return (
    (host !== "127.0.0.1" && host !== "localhost") ||
    headers.origin !== undefined ||
    (site !== "none" && site !== "same-origin")
  );
}

/** The service account of `/identities/EMAIL`, escaped as a URL's part is. Only one that exists has ports. */
function accountNamed(kernel: Kernel, url: string): string | undefined {
  const escaped = /^\/identities\/([^/]+)$/.exec(url)?.[1];
  return kernel.resources
    .list(ACCOUNT_KIND)
    .map(({ properties }) => String(properties.email))
    .find((email) => encodeURIComponent(email) === escaped);
}

async function answerRoute(
  routes: readonly ControlRoute[],
  { method, url = "" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = routes.find((candidate) => candidate.method === method && candidate.path.test(url));
  const [, ...names] = route?.path.exec(url) ?? [];
  const body = await route?.answer(...names.map(decodeURIComponent));
  if (body === undefined) answer(response, 404, { error: `There is no ${method} ${url}.` });
  else answer(response, 200, body);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { Egress, Kernel, Part, Severity } from "../../kernel/contract.ts";
import { RevisionFailed } from "../../kernel/refusals.ts";
import { HEAD_LIMITS, settleHead } from "../../kernel/request-head.ts";
import type { ObjectStorage } from "../storage/contract.ts";
import type { CloudRun, Ingress } from "./contract.ts";
import { DeployedService } from "./deployed-service.ts";
import { EgressLedger } from "./egress.ts";
import type { SecretAccess } from "./environment.ts";
import { type Call, type Reply, refusal } from "./exchange.ts";
import { type Addressed, FrontEnd } from "./front-end.ts";
import { findService, listServices, serviceOf } from "./function-service.ts";
import { InstanceFactory } from "./instance-factory.ts";
import { findPort } from "./port.ts";
import { readBody, writeReply } from "./reply.ts";
import { RevisionHistory } from "./revision-history.ts";
import { splitHost } from "./traffic.ts";

export interface LocalCloudRunOptions {
  /** @default 15 minutes, as Cloud Run keeps idle instances at most. */
  readonly idleMs?: number;
  /** @default 240 s, Cloud Run's longest startup. */
  readonly startupDeadlineMs?: number;
  /** How long a request waits while every instance is busy. @default 10 s, as Cloud Run at its maximum of instances. */
  readonly queueDeadlineMs?: number;
  /** Between SIGTERM and SIGKILL. @default 10 s, as Cloud Run. */
  readonly stopGraceMs?: number;
  /** A port of 127.0.0.1 that is free now. @default any from 20000 to 27999 */
  readonly findPort?: () => Promise<number>;
  /** Decides which revision a request goes to: from 0 to 1, 1 excluded. @default Math.random */
  readonly random?: () => number;
}

/**
 * Cloud Run on this machine: services are the program's `cloudrunv2.Service` resources and its functions, instances
 * are processes that run the very bundles which Cloud Run would get, from local Storage.
 */
export class LocalCloudRun implements CloudRun, Part {
  readonly name = "run";
  readonly #kernel: Kernel;
  readonly #options: Required<LocalCloudRunOptions>;
  readonly #ledger: EgressLedger;
  readonly #instances: InstanceFactory;
  readonly #history: RevisionHistory;
  readonly #frontEnd: FrontEnd;
  readonly #services = new Map<string, DeployedService>();
  readonly #leaving = new Set<Promise<void>>();
  /** Of clients, from before their TLS handshake on: the server itself forgets about those. */
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(
    kernel: Kernel,
    storage: ObjectStorage,
    secrets: SecretAccess,
    options: LocalCloudRunOptions = {},
  ) {
    this.#kernel = kernel;
    this.#options = {
      idleMs: 15 * 60_000,
      startupDeadlineMs: 240_000,
      queueDeadlineMs: 10_000,
      stopGraceMs: 10_000,
      findPort,
      random: Math.random,
      ...options,
    };
    this.#ledger = new EgressLedger(kernel);
    this.#instances = new InstanceFactory(kernel, storage, secrets, this.#ledger, this.#options);
    this.#history = new RevisionHistory(kernel.db);
    this.#frontEnd = new FrontEnd(kernel);
  }

  async start(): Promise<void> {
    this.#instances.open();
    this.#unsubscribe = this.#kernel.resources.subscribe((kind, id) => {
      const service = serviceOf(kind, id);
      if (service !== undefined) this.#reconcile(service);
    });
    for (const { id } of listServices(this.#kernel.resources)) this.#reconcile(id);

    const certificate = await this.#kernel.authority.issue(["*.a.run.app", "localhost", "127.0.0.1"]);
    const { maxHeaderSize, maxHeadersCount } = HEAD_LIMITS;
    this.#server = createServer({ ...certificate, maxHeaderSize }, (request, response) => {
      this.#front(request, response).catch((error: unknown) => {
        response.destroy();
        const message = `A request could not be answered: ${error instanceof Error ? error.stack : error}`;
        this.#kernel.logging.write({ severity: "ERROR", source: this.name, message });
      });
    });
    this.#server.maxHeadersCount = maxHeadersCount;
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.listen(this.#kernel.ports.run, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    const closed = new Promise((resolve) =>
      this.#server ? this.#server.close(resolve) : resolve(undefined),
    );
    // Requests in flight end with the instances that serve them.
    await Promise.all([...this.#services.values()].map((service) => service.remove()));
    await Promise.all(this.#leaving);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#services.clear();
    this.#instances.close();
  }

  egress(): readonly Egress[] {
    return this.#ledger.rows;
  }

  /** @param service the id of one service. @default all */
  pids(service?: string): readonly number[] {
    const services = [...this.#services.values()].filter(({ id }) => service === undefined || id === service);
    return services.flatMap(({ pids }) => pids);
  }

  async serve(
    service: string,
    ingress: Ingress,
    request: IncomingMessage,
    response: ServerResponse,
    peer = request.socket.remoteAddress,
  ): Promise<void> {
    const found = this.#services.get(service);
    await this.#answer(found && { service: found }, ingress, request, response, peer);
  }

  async post(
    uri: string,
    options: Parameters<CloudRun["post"]>[1],
  ): Promise<{ status: number; body: string }> {
    const { method = "POST", body, deadlineMs } = options;
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    try {
      const { host, pathname, search } = new URL(uri);
      const headers = Object.entries({
        Host: host,
        ...options.headers,
        "Content-Length": String(body.length),
      });
      const reply = await this.#dispatch(this.#find(host), "pubsub", {
        method,
        url: pathname + search,
        headers: headers.flat(),
        body: Readable.from([body]),
        protocol: "HTTP/1.1",
        peer: undefined,
        signal,
      });
      const text = await readBody(reply.body);
      return { status: signal.aborted ? 504 : reply.status, body: text };
    } catch (error) {
      return { status: 504, body: error instanceof Error ? error.message : String(error) };
    }
  }

  async ready(service: string): Promise<void> {
    const deployed = this.#services.get(service);
    if (!deployed) throw new RevisionFailed(service, "cannot be made: there is no such service", []);
    await deployed.ready();
  }

  async #front(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bad = settleHead(request);
    if (bad) return writeReply(refusal(bad.status, bad.reason), response);
    const { remoteAddress } = request.socket;
    await this.#answer(this.#find(request.headers.host ?? ""), "external", request, response, remoteAddress);
  }

  async #answer(
    addressed: Addressed | undefined,
    ingress: Ingress,
    request: IncomingMessage,
    response: ServerResponse,
    peer: string | undefined,
  ): Promise<void> {
    const gone = new AbortController();
    const onClose = () => gone.abort(new Error("the client closed the connection"));
    response.once("close", onClose);
    const { method = "GET", url = "/", rawHeaders: headers, httpVersion } = request;
    const reply = await this.#dispatch(addressed, ingress, {
      method,
      url,
      headers,
      body: request,
      protocol: `HTTP/${httpVersion}`,
      peer,
      signal: gone.signal,
    });
    await writeReply(reply, response);
    response.off("close", onClose);
  }

  async #dispatch(addressed: Addressed | undefined, ingress: Ingress, call: Call): Promise<Reply> {
    return addressed ? this.#frontEnd.dispatch(addressed, ingress, call) : notFound();
  }

  /** By the host of its `run.app` URI, or of a tag's, unless that is disabled. */
  #find(authority: string): Addressed | undefined {
    const { host, tag } = splitHost(authority.replace(/:\d+$/, "").toLowerCase());
    const service = [...this.#services.values()].find(
      ({ settings }) => settings?.host === host && !settings.defaultUriDisabled,
    );
    if (!service) return undefined;
    const isKnown = tag === undefined || service.settings?.traffic.some((target) => target.tag === tag);
    return isKnown ? { service, tag } : undefined;
  }

  #reconcile(id: string): void {
    const resource = findService(this.#kernel.resources, id);
    let service = this.#services.get(id);
    if (resource) {
      if (!service) {
        service = new DeployedService(id, {
          instances: this.#instances,
          history: this.#history,
          options: this.#options,
          log: (severity, source, message) => this.#log(severity, source, message),
        });
        this.#services.set(id, service);
      }
      service.update(resource);
    } else {
      if (service) this.#stop(service);
      // Last: it fails on a full disk, and the service must be on its way out by then.
      this.#history.forget(id);
      this.#ledger.forget(shortName(id));
      this.#instances.forget(id);
    }
  }

  #stop(service: DeployedService): void {
    this.#services.delete(service.id);
    const leaving = service
      .remove()
      .catch((error: Error) => this.#log("ERROR", shortName(service.id), error.message))
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  #log(severity: Severity, source: string, message: string): void {
    this.#kernel.logging.write({ severity, source, message });
  }
}

function shortName(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function notFound(): Reply {
  return refusal(404, "The requested URL was not found on this server.");
}

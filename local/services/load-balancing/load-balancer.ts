import type { IncomingMessage, ServerResponse } from "node:http";
import type { SecureContextOptions } from "node:tls";
import { answerText } from "../../kernel/answer-text.ts";
import type { CloudResource, Kernel, Part } from "../../kernel/contract.ts";
import { numberOf, objectOf, objectsOf, type Properties, textOf } from "../../kernel/property-values.ts";
import { setHeaders, settleHead } from "../../kernel/request-head.ts";
import { continueTrace, toTraceparent, traceFields } from "../../kernel/trace-context.ts";
import type { CloudRun } from "../cloud-run/contract.ts";
import { resolve } from "../google/references.ts";
import type { MonitoredResource } from "../logging/log-entry.ts";
import { namesOnCertificate } from "./certificates.ts";
import { Frontend } from "./frontend.ts";
import {
  BACKEND_SERVICE,
  FORWARDING_RULE,
  GLOBAL_ADDRESS,
  NETWORK_ENDPOINT_GROUP,
  SECURITY_POLICY,
  SSL_POLICY,
  TARGET_HTTP_PROXY,
  TARGET_HTTPS_PROXY,
  URL_MAP,
} from "./kind-tokens.ts";
import { Listeners, type Scheme } from "./listeners.ts";
import { judge } from "./security-policy.ts";
import { route } from "./url-map.ts";

const CIPHERS: Readonly<Record<string, string>> = {
  MODERN: "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES",
  RESTRICTED: "ECDHE+AESGCM:ECDHE+CHACHA20",
};
const VERSIONS: Readonly<Record<string, NonNullable<SecureContextOptions["minVersion"]>>> = {
  TLS_1_0: "TLSv1",
  TLS_1_1: "TLSv1.1",
  TLS_1_2: "TLSv1.2",
  TLS_1_3: "TLSv1.3",
};

/** By which frontend a request came, and from where. */
interface Arrival {
  readonly scheme: Scheme;
  readonly client: string;
  readonly rule: CloudResource | undefined;
}

/**
 * Google's external application load balancer, as the resources describe it at the time of
 * each request: forwarding rule → proxy → URL map → backend service → Cloud Run.
 *
 * Path and Host reach the backend as they were sent.
 */
export class LoadBalancer implements Part {
  readonly name = "load-balancer";
  readonly #kernel: Kernel;
  readonly #run: Pick<CloudRun, "serve">;
  readonly #listeners: Listeners;
  #unsubscribe: (() => void) | undefined;
  #settled: Promise<void> = Promise.resolve();

  constructor(kernel: Kernel, run: Pick<CloudRun, "serve">) {
    this.#kernel = kernel;
    this.#run = run;
    this.#listeners = new Listeners(kernel, (scheme, ruleId) => this.#frontend(scheme, ruleId));
  }

  async start(): Promise<void> {
    const { resources } = this.#kernel;
    await this.#listeners.start();
    this.#unsubscribe = resources.subscribe((kind) => {
      if ([FORWARDING_RULE, GLOBAL_ADDRESS, TARGET_HTTPS_PROXY, SSL_POLICY].includes(kind)) this.#refresh();
    });
    this.#refresh();
    await this.#settled;
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#settled;
    await this.#listeners.stop();
  }

  /** Follows the forwarding rules, one change after the other. */
  #refresh(): void {
    this.#settled = this.#settled
      .then(() => this.#follow())
      .catch((error: unknown) => {
        this.#kernel.logging.write({ severity: "ERROR", message: String(error), source: this.name });
      });
  }

  async #follow(): Promise<void> {
    for (const [id, { frontend }] of await this.#listeners.follow()) this.#setTls(id, frontend);
  }

  #frontend(scheme: Scheme, ruleId: () => string | undefined): Frontend {
    return new Frontend({
      scheme,
      name: scheme === "http" ? "loadBalancerHttp" : "loadBalancerHttps",
      isOpen: () => this.#rule(ruleId()) !== undefined,
      onRequest: (request, response, client) =>
        void this.#answer({ scheme, client, rule: this.#rule(ruleId()) }, request, response),
      certificateFor: async (serverName) => {
        const map = this.#proxy(this.#rule(ruleId()))?.certificateMap;
        const names = namesOnCertificate(this.#kernel.resources, map, serverName);
        return names && (await this.#kernel.authority.issue(names));
      },
    });
  }

  #rule(id: string | undefined): CloudResource | undefined {
    return id === undefined ? undefined : this.#kernel.resources.get(FORWARDING_RULE, id);
  }

  #proxy(rule: CloudResource | undefined): Properties | undefined {
    const { resources } = this.#kernel;
    const target = rule?.properties.target;
    return (resolve(resources, TARGET_HTTPS_PROXY, target) ?? resolve(resources, TARGET_HTTP_PROXY, target))
      ?.properties;
  }

  #setTls(ruleId: string, frontend: Frontend): void {
    const policy = resolve(this.#kernel.resources, SSL_POLICY, this.#proxy(this.#rule(ruleId))?.sslPolicy);
    const { minTlsVersion, profile } = policy?.properties ?? {};
    const ciphers = CIPHERS[textOf(profile) ?? "COMPATIBLE"];
    const minVersion = VERSIONS[textOf(minTlsVersion) ?? "TLS_1_2"] ?? "TLSv1.2";
    frontend.setTls({ minVersion, ...(ciphers !== undefined && { ciphers }) });
  }

  async #answer(came: Arrival, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#serve(came, request, response);
    } catch (error) {
      const message = `${request.method} ${request.headers.host}${request.url}: ${String(error)}`;
      this.#kernel.logging.write({ severity: "ERROR", message, source: this.name });
      if (response.headersSent) response.destroy();
      else answer(response, 502, "502. That's an error.\n\nThe server encountered a temporary error.\n");
    }
  }

  async #serve(
    { scheme, client, rule }: Arrival,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { resources } = this.#kernel;
    if (!rule) return void request.socket.destroy();
    const bad = settleHead(request);
    if (bad) return answer(response, bad.status, `${bad.status}. ${bad.reason}\n`);
    const urlMap = resolve(resources, URL_MAP, this.#proxy(rule)?.urlMap);
    const requested = { scheme, host: request.headers.host ?? "", target: request.url ?? "/" };
    const found = urlMap && route(urlMap.properties, requested);
    if (!found)
      return answer(
        response,
        404,
        "404. That's an error.\n\nThe requested URL was not found on this server.\n",
      );
    if (found.kind === "redirect") {
      response.setHeader("Location", found.location);
      return answer(response, found.status, `${found.status} Moved\n`);
    }
    const backendService = resolve(resources, BACKEND_SERVICE, found.service);
    const backend = backendService?.properties;
    const resource = monitoredResource(rule, urlMap, backendService);
    this.#logRequest({ scheme, client, resource }, backend, request, response);
    const policy = resolve(resources, SECURITY_POLICY, backend?.securityPolicy);
    const verdict = policy
      ? judge(policy.properties, { address: client, headers: request.headers })
      : ({ allowed: true, headers: {} } as const);
    if (!verdict.allowed) {
      return answer(
        response,
        verdict.status,
        `${verdict.status}. Denied by the security policy of the backend service.\n`,
      );
    }
    const service = this.#cloudRunService(backend);
    if (service === undefined) return answer(response, 503, "no healthy upstream\n");
    const address = this.#listeners.addressOf(rule.id) ?? "";
    setHeaders(request, verdict.headers);
    forward(request, scheme, client, address);
    await this.#run.serve(service, "loadBalancer", request, response, client);
  }

  #cloudRunService(backend: Properties | undefined): string | undefined {
    const group = resolve(
      this.#kernel.resources,
      NETWORK_ENDPOINT_GROUP,
      objectsOf(backend?.backends)[0]?.group,
    );
    const service = textOf(objectOf(group?.properties.cloudRun).service);
    if (!group || service === undefined) return undefined;
    // `projects/P/regions/R/networkEndpointGroups/N`
    const [, project, , region] = group.id.split("/");
    return service.includes("/") ? service : `projects/${project}/locations/${region}/services/${service}`;
  }

  #logRequest(
    { scheme, client, resource }: { scheme: Scheme; client: string; resource: MonitoredResource },
    backend: Properties | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const trace = continueTrace(request.headers.traceparent as string | undefined);
    setHeaders(request, { traceparent: toTraceparent(trace) });
    const { enable, sampleRate } = objectOf(backend?.logConfig);
    if (enable !== true || Math.random() >= (numberOf(sampleRate) ?? 1)) return;
    const { method = "GET", url, headers } = request;
    const requestUrl = `${scheme}://${headers.host ?? ""}${url}`;
    const timestamp = new Date().toISOString();
    const since = performance.now();
    response.once("close", () => {
      const { statusCode: status } = response;
      this.#kernel.logging.write({
        severity: status >= 500 ? "ERROR" : status >= 400 ? "WARNING" : "INFO",
        message: `${method} ${requestUrl} ${status}`,
        source: this.name,
        logName: "requests",
        resource,
        timestamp,
        ...traceFields(trace),
        httpRequest: {
          requestMethod: method,
          requestUrl,
          status,
          latency: `${((performance.now() - since) / 1000).toFixed(6)}s`,
          remoteIp: client,
        },
      });
    });
  }
}

/** @see https://cloud.google.com/monitoring/api/resources#tag_http_load_balancer */
function monitoredResource(
  rule: CloudResource,
  urlMap: CloudResource | undefined,
  backend: CloudResource | undefined,
): MonitoredResource {
  const [, project = ""] = rule.id.split("/");
  return {
    type: "http_load_balancer",
    labels: {
      project_id: project,
      forwarding_rule_name: lastSegment(rule.id),
      url_map_name: lastSegment(urlMap?.id ?? ""),
      backend_service_name: lastSegment(backend?.id ?? ""),
      zone: "global",
    },
  };
}

function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** Adds what Google's front end tells a backend. */
function forward(request: IncomingMessage, scheme: string, client: string, address: string): void {
  const { headers } = request;
  setHeaders(request, {
    "x-forwarded-for": `${headers["x-forwarded-for"] === undefined ? "" : `${headers["x-forwarded-for"]},`}${client},${address}`,
    "x-forwarded-proto": scheme,
    via: headers.via === undefined ? "1.1 google" : `${headers.via}, 1.1 google`,
  });
}

function answer(response: ServerResponse, status: number, body: string): void {
  answerText(response, status, "text/plain; charset=utf-8", body);
}

import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
  type ServerResponse,
} from "node:http";
import { request as tlsRequest } from "node:https";
import { connect } from "node:net";
import type { ResourceStore } from "../../kernel/contract.ts";
import * as kinds from "../load-balancing/kind-tokens.ts";

/** What tests of the edge and the load balancer share: the resources of a front door, and a client that sends bytes as given. */
export const ADDRESS = "203.0.113.7";
export const ORIGIN = "origin.platform.test";
export const PROJECT = "projects/p";
const GLOBAL = `${PROJECT}/global`;
const CERTIFICATES = `${PROJECT}/locations/global`;
const SELF = "https://www.googleapis.com/compute/v1/";

type Properties = Readonly<Record<string, unknown>>;

export const ids = {
  httpRule: `${GLOBAL}/forwardingRules/http`,
  httpsRule: `${GLOBAL}/forwardingRules/https`,
  httpMap: `${GLOBAL}/urlMaps/http`,
  httpsMap: `${GLOBAL}/urlMaps/https`,
  httpsProxy: `${GLOBAL}/targetHttpsProxies/https`,
  policy: `${GLOBAL}/securityPolicies/fastly-only`,
  proxyBackend: `${GLOBAL}/backendServices/token-proxy`,
  hostingBackend: `${GLOBAL}/backendServices/hosting`,
};

export const httpMap: Properties = {
  defaultUrlRedirect: { httpsRedirect: true, stripQuery: false },
  hostRules: [{ hosts: ["*"], pathMatcher: "all" }],
  pathMatchers: [
    {
      name: "all",
      defaultUrlRedirect: { httpsRedirect: true, stripQuery: false },
      pathRules: [{ paths: ["/.well-known/acme-challenge/*"], service: ids.proxyBackend }],
    },
  ],
};

export function put(resources: ResourceStore, kind: string, id: string, properties: Properties): void {
  resources.put({ kind, id, urn: `urn:pulumi:local::test::${kind}::${id.split("/").at(-1)}`, properties });
}

/** A load balancer as the platform has it: challenges and redirects on 80, hosting on 443, Fastly alone let in. */
export function putLoadBalancer(resources: ResourceStore): void {
  const address = `${GLOBAL}/addresses/front`;
  put(resources, kinds.GLOBAL_ADDRESS, address, { address: ADDRESS, selfLink: SELF + address });
  for (const [backend, service] of [
    [ids.proxyBackend, "token-proxy"],
    [ids.hostingBackend, "hosting"],
  ] as const) {
    const group = `${PROJECT}/regions/europe-west1/networkEndpointGroups/${service}`;
    put(resources, kinds.NETWORK_ENDPOINT_GROUP, group, { cloudRun: { service }, region: "europe-west1" });
    put(resources, kinds.BACKEND_SERVICE, backend, {
      backends: [{ group: SELF + group }],
      securityPolicy: SELF + ids.policy,
    });
  }
  put(resources, kinds.SECURITY_POLICY, ids.policy, {
    rules: [
      {
        action: "deny(403)",
        priority: 2_147_483_647,
        match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["*"] } },
      },
      {
        action: "allow",
        priority: 1_000,
        match: { versionedExpr: "SRC_IPS_V1", config: { srcIpRanges: ["151.101.0.0/16"] } },
      },
    ],
  });
  put(resources, kinds.URL_MAP, ids.httpMap, httpMap);
  put(resources, kinds.URL_MAP, ids.httpsMap, { defaultService: SELF + ids.hostingBackend });
  const httpProxy = `${GLOBAL}/targetHttpProxies/http`;
  put(resources, kinds.TARGET_HTTP_PROXY, httpProxy, { urlMap: SELF + ids.httpMap });
  put(resources, kinds.TARGET_HTTPS_PROXY, ids.httpsProxy, {
    urlMap: ids.httpsMap,
    certificateMap: `//certificatemanager.googleapis.com/${CERTIFICATES}/certificateMaps/front`,
  });
  put(resources, kinds.CERTIFICATE_MAP, `${CERTIFICATES}/certificateMaps/front`, { name: "front" });
  put(resources, kinds.CERTIFICATE, `${CERTIFICATES}/certificates/origin`, {
    managed: { domains: [ORIGIN] },
  });
  put(
    resources,
    kinds.CERTIFICATE_MAP_ENTRY,
    `${CERTIFICATES}/certificateMaps/front/certificateMapEntries/origin`,
    {
      map: "front",
      hostname: ORIGIN,
      certificates: [`${CERTIFICATES}/certificates/origin`],
    },
  );
  put(resources, kinds.FORWARDING_RULE, ids.httpRule, {
    portRange: "80",
    target: SELF + httpProxy,
    ipAddress: address,
  });
  put(resources, kinds.FORWARDING_RULE, ids.httpsRule, {
    portRange: "443-443",
    target: SELF + ids.httpsProxy,
    ipAddress: SELF + address,
  });
}

export const SERVICE_ID = "SERVICE0000000000000id";

/** The Fastly service as the platform has it. */
export const service: Properties = {
  name: "front",
  conditions: [
    { name: "acme", type: "REQUEST", statement: 'req.url.path ~ "^/\\.well-known/acme-challenge/"' },
    { name: "not-acme", type: "REQUEST", statement: '!(req.url.path ~ "^/\\.well-known/acme-challenge/")' },
  ],
  backends: [
    {
      name: "hosting",
      address: ADDRESS,
      port: 443,
      useSsl: true,
      sslSniHostname: ORIGIN,
      sslCertHostname: ORIGIN,
    },
    { name: "acme", address: ADDRESS, port: 80, useSsl: false, requestCondition: "acme" },
  ],
  requestSettings: [
    { name: "https", forceSsl: true, requestCondition: "not-acme" },
    { name: "pass", action: "pass", requestCondition: "acme" },
  ],
};

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly body?: string | Buffer;
  /** Where the connection comes from. */
  readonly from?: { readonly localAddress: string; readonly localPort: number };
  /** TLS, with this server name and trust. */
  readonly tls?: { readonly servername?: string; readonly ca: string; readonly maxVersion?: "TLSv1.2" };
}

/** One request on a connection of its own. */
export function ask({ port, path, headers = {}, method = "GET", body, from, tls }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, headers, method, agent: false as const, ...from };
    const read = async (response: IncomingMessage) => {
      const text = Buffer.concat(await response.toArray()).toString("utf8");
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    };
    const onResponse = (response: IncomingMessage) => void read(response).catch(reject);
    const sent = tls ? tlsRequest({ ...options, ...tls }, onResponse) : plainRequest(options, onResponse);
    sent.setTimeout(10_000, () => sent.destroy(new Error("no answer")));
    sent.once("error", reject);
    sent.end(body);
  });
}

/** One request as it is written, on a connection of its own, and the answer as it came. */
export async function askRaw(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
  socket.write([...lines, "Connection: close", "", ""].join("\r\n"));
  return Buffer.concat(await socket.toArray()).toString("latin1");
}

/** A Cloud Run that answers with what it was asked, and for challenges with what `tokens` hold by Host and path. */
export function echoingRun(tokens: ReadonlyMap<string, string>) {
  return {
    async serve(
      serviceId: string,
      ingress: string,
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<void> {
      const { method, url, headers, rawHeaders } = request;
      const { remotePort } = request.socket;
      // As the token proxy does: a CA that isn't on port 80 names its port.
      const token = tokens.get(`${headers.host?.replace(/:\d+$/, "")}${url}`);
      if (token !== undefined) return void response.end(token);
      const body = Buffer.concat(await request.toArray()).toString("utf8");
      response.setHeader("Content-Type", "application/json");
      response.end(
        JSON.stringify({ serviceId, ingress, method, url, headers, rawHeaders, remotePort, body }),
      );
    },
  };
}

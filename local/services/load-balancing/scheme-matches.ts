import { presence } from "../../../review/rules/presence.ts";
import { type CitedReport, valuesAt } from "../../../review/rules/rule.ts";
import type { Properties } from "../../../review/rules/values.ts";
import type { CloudResource, ResourceView } from "../../kernel/contract.ts";
import type { Draft, Surroundings } from "../../provider/kind.ts";
import { decodeProperties } from "../../provider/wire.ts";
import { resolve } from "../google/references.ts";
import * as kinds from "./kind-tokens.ts";

const API = "https://cloud.google.com/compute/docs/reference/rest/v1";
const SCHEMES = "https://cloud.google.com/load-balancing/docs/backend-service#load_balancing_scheme";
const FEATURES = "https://cloud.google.com/load-balancing/docs/features#routing-traffic-management";
const MESH = "INTERNAL_SELF_MANAGED";
const MATCHES = "pathMatchers[].routeRules[].matchRules[]";
const ACTIONS = [
  "defaultRouteAction",
  "pathMatchers[].defaultRouteAction",
  "pathMatchers[].pathRules[].routeAction",
  "pathMatchers[].routeRules[].routeAction",
];
/** All that a URL map names a backend service in. */
export const SERVICE_PATHS = [
  "defaultService",
  "pathMatchers[].defaultService",
  "pathMatchers[].pathRules[].service",
  "pathMatchers[].routeRules[].service",
  ...ACTIONS.flatMap((at) => [
    `${at}.weightedBackendServices[].backendService`,
    `${at}.requestMirrorPolicy.backendService`,
  ]),
];

interface Limited {
  readonly paths: readonly string[];
  readonly schemes: readonly string[];
  readonly source: string;
}

/** What a global URL map may have for backend services of some schemes alone. */
const LIMITED_IN_MAPS: readonly Limited[] = [
  {
    paths: [
      "pathMatchers[].routeRules[].routeAction",
      "pathMatchers[].routeRules[].headerAction",
      ...ACTIONS.flatMap((at) =>
        [
          "corsPolicy",
          "faultInjectionPolicy",
          "requestMirrorPolicy",
          "retryPolicy",
          "weightedBackendServices",
        ].map((name) => `${at}.${name}`),
      ),
    ],
    schemes: ["EXTERNAL_MANAGED", "INTERNAL_MANAGED", MESH],
    source: FEATURES,
  },
  {
    paths: [
      `${MATCHES}.regexMatch`,
      `${MATCHES}.headerMatches[].regexMatch`,
      `${MATCHES}.queryParameterMatches[].regexMatch`,
    ],
    schemes: ["INTERNAL_MANAGED", MESH],
    source: `${API}/urlMaps`,
  },
  {
    paths: [`${MATCHES}.metadataFilters`, ...ACTIONS.map((at) => `${at}.corsPolicy.allowOriginRegexes`)],
    schemes: [MESH],
    source: `${API}/urlMaps`,
  },
  {
    paths: [`${MATCHES}.pathTemplateMatch`, "defaultCustomErrorResponsePolicy"],
    schemes: ["EXTERNAL_MANAGED", "INTERNAL_MANAGED", MESH],
    source: FEATURES,
  },
];
/** The same of a proxy. */
const LIMITED_IN_PROXIES: readonly Limited[] = [
  {
    paths: ["certificateManagerCertificates"],
    schemes: ["INTERNAL_MANAGED"],
    source: `${API}/targetHttpsProxies`,
  },
  {
    paths: ["certificateMap"],
    schemes: ["EXTERNAL", "EXTERNAL_MANAGED"],
    source: `${API}/targetHttpsProxies`,
  },
  {
    paths: ["httpKeepAliveTimeoutSec"],
    schemes: ["EXTERNAL_MANAGED", "INTERNAL_MANAGED"],
    source: `${API}/targetHttpProxies`,
  },
];

/** What a map asks for, its services' scheme must have; and all of them have one scheme. */
export function verifyUrlMapSchemes({ inputs }: Draft, around: Surroundings, report: CitedReport): void {
  const services = servicesOf(inputs, around);
  const [first, ...others] = services;
  const misfit = others.find(({ service }) => schemeOf(service) !== schemeOf(first?.service));
  if (first && misfit && schemeOf(first.service) !== undefined && schemeOf(misfit.service) !== undefined) {
    report(misfit.path, `must have the scheme of ${first.service.id}, ${schemeOf(first.service)}`, SCHEMES);
  }
  refuseLimited(LIMITED_IN_MAPS, inputs, schemeOf(first?.service), report);
}

/** What a proxy asks for, the scheme of the services behind its map must have. */
export function verifyProxyScheme({ inputs }: Draft, around: Surroundings, report: CitedReport): void {
  const urlMap = resolve(around, kinds.URL_MAP, inputs.urlMap);
  const [first] = urlMap ? servicesOf(decodeProperties(urlMap.properties), around) : [];
  refuseLimited(LIMITED_IN_PROXIES, inputs, schemeOf(first?.service), report);
}

/** Before a cache and behind it there are policies of different types. */
export function verifyPolicies(service: Properties, around: Surroundings, report: CitedReport): void {
  for (const [name, wanted] of [
    ["securityPolicy", "CLOUD_ARMOR"],
    ["edgeSecurityPolicy", "CLOUD_ARMOR_EDGE"],
  ] as const) {
    const policy = resolve(around, kinds.SECURITY_POLICY, service[name]);
    const { type = "CLOUD_ARMOR" } = policy?.properties ?? {};
    if (policy && type !== "" && type !== wanted)
      report(name, `must be a policy of type ${wanted}`, `${API}/backendServices`);
  }
}

/** The backend services that requests to a map can end at, as far as they are known. */
export function servicesOf(
  urlMap: Properties,
  resources: ResourceView,
): readonly { readonly path: string; readonly service: CloudResource }[] {
  return SERVICE_PATHS.flatMap((pattern) => valuesAt(urlMap, pattern)).flatMap(([path, name]) => {
    const service = resolve(resources, kinds.BACKEND_SERVICE, name);
    return service ? [{ path, service }] : [];
  });
}

function refuseLimited(
  limited: readonly Limited[],
  inputs: Properties,
  scheme: string | undefined,
  report: CitedReport,
): void {
  if (scheme === undefined) return;
  for (const { paths, schemes, source } of limited) {
    if (schemes.includes(scheme)) continue;
    for (const [path, value] of paths.flatMap((pattern) => valuesAt(inputs, pattern))) {
      const isEmpty = Array.isArray(value) ? value.length === 0 : presence(value) !== "set";
      if (!isEmpty)
        report(
          path,
          `must be absent behind ${scheme}: only ${schemes.join(", ")} ${schemes.length > 1 ? "have" : "has"} it`,
          source,
        );
    }
  }
}

function schemeOf(service: CloudResource | undefined): string | undefined {
  const scheme = service?.properties.loadBalancingScheme;
  return typeof scheme === "string" && scheme !== "" ? scheme : undefined;
}

import { type CitedReport, valuesAt } from "../../../review/rules/rule.ts";
import type { CloudResource, ResourceView } from "../../kernel/contract.ts";
import type { Draft, Surroundings } from "../../provider/kind.ts";
import { decodeProperties } from "../../provider/wire.ts";
import { resolve } from "../google/references.ts";
import * as kinds from "./kind-tokens.ts";
import { servicesOf, verifyProxyScheme } from "./scheme-matches.ts";

const RULES = "https://cloud.google.com/compute/docs/reference/rest/v1/globalForwardingRules";
const SCHEMES = "https://cloud.google.com/load-balancing/docs/backend-service#load_balancing_scheme";
const REDIRECTS = "https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps";
const REDIRECT_HOLDERS = [
  "defaultUrlRedirect",
  "pathMatchers[].defaultUrlRedirect",
  "pathMatchers[].pathRules[].urlRedirect",
  "pathMatchers[].routeRules[].urlRedirect",
];

/** A rule has an address that is reserved, a port of it that is free, and the scheme of all behind it. */
export function verifyForwardingRule({ id, inputs }: Draft, around: Surroundings, report: CitedReport): void {
  const { ipAddress, portRange, loadBalancingScheme, target } = inputs;
  if (typeof ipAddress === "string") {
    const reserved = around
      .list(kinds.GLOBAL_ADDRESS)
      .some(({ properties }) => properties.address === ipAddress);
    const isThere = reserved || resolve(around, kinds.GLOBAL_ADDRESS, ipAddress) !== undefined;
    if (!isThere && !around.mayBeElsewhere([kinds.GLOBAL_ADDRESS], ipAddress, { id, inputs })) {
      report("ipAddress", "must be a reserved address", RULES);
    }
    const other = around
      .list(kinds.FORWARDING_RULE)
      .find(
        ({ id: otherId, properties }) =>
          otherId !== id &&
          properties.ipAddress === ipAddress &&
          firstPort(properties.portRange) === firstPort(portRange),
      );
    if (other) report("portRange", `must be free on its address, and ${other.id} has it`, RULES);
  }
  for (const service of servicesBehind(around, target)) {
    const { loadBalancingScheme: scheme } = service.properties;
    if (typeof scheme !== "string" || typeof loadBalancingScheme !== "string") continue;
    if (scheme !== loadBalancingScheme) {
      report("loadBalancingScheme", `must be that of ${service.id}, ${scheme}`, SCHEMES);
    }
  }
}

/** What comes over HTTPS is not redirected to it. */
export function verifyHttpsProxy(draft: Draft, around: Surroundings, report: CitedReport): void {
  const { inputs } = draft;
  verifyProxyScheme(draft, around, report);
  const urlMap = resolve(around, kinds.URL_MAP, inputs.urlMap);
  const properties = urlMap ? decodeProperties(urlMap.properties) : {};
  for (const holder of REDIRECT_HOLDERS) {
    for (const [path, httpsRedirect] of valuesAt(properties, `${holder}.httpsRedirect`)) {
      if (httpsRedirect === true)
        report("urlMap", `must be a map without ${path}, for HTTP alone`, REDIRECTS);
    }
  }
}

/** The backend services that requests to a proxy can end at. */
function servicesBehind(resources: ResourceView, target: unknown): readonly CloudResource[] {
  const proxy =
    resolve(resources, kinds.TARGET_HTTP_PROXY, target) ??
    resolve(resources, kinds.TARGET_HTTPS_PROXY, target);
  const urlMap = resolve(resources, kinds.URL_MAP, proxy?.properties.urlMap);
  const services = urlMap ? servicesOf(decodeProperties(urlMap.properties), resources) : [];
  return [...new Set(services.map(({ service }) => service))];
}

function firstPort(portRange: unknown): string {
  return String(portRange).split("-", 1)[0] ?? "";
}

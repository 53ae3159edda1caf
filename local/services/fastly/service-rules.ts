import { isIP } from "node:net";
import { count, unique } from "../../../review/rules/lists.ts";
import { between, whole } from "../../../review/rules/numbers.ts";
import { childPath } from "../../../review/rules/paths.ts";
import { presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { domainName, isDomainName, matching, oneOf } from "../../../review/rules/text.ts";
import {
  isList,
  isProperties,
  listed,
  type Properties,
  UNKNOWN,
  type Value,
} from "../../../review/rules/values.ts";
import { checkAclReferences } from "./acl-rules.ts";
import { ABSENT_OBJECTS, brokenVclCode, brokenVclExpression } from "./vcl-syntax.ts";

const API = "https://www.fastly.com/documentation/reference/api";
const LIMITS = "https://docs.fastly.com/products/network-services-resource-limits";
const MOST = 2_147_483_647;
const MILLISECONDS = whole({ from: 0, to: MOST, what: "milliseconds" });
const SECONDS = whole({ from: 0, to: MOST, what: "seconds" });
const TLS_VERSIONS = ["1", "1.0", "1.1", "1.2", "1.3"];
/** A header's, or a certificate's: in any case. */
const HOST = ofText((host) =>
  isDomainName(host.toLowerCase())
    ? undefined
    : "must be a domain name without wildcard, of labels of 1 to 63 characters and 253 in all",
);
const SNIPPET_TYPES = oneOf(
  ...["init", "recv", "hash", "hit", "miss", "pass", "fetch", "error", "deliver", "log", "none"],
);
const VCL_CODE = ofText(brokenVclCode);
const WORD = matching(
  /^[A-Za-z][\w\s]*$/,
  "must begin with a letter and hold letters, digits, underscores and spaces alone",
);
/** What refers to conditions, and of which type. */
const CONDITION_FIELDS = {
  requestCondition: "REQUEST",
  cacheCondition: "CACHE",
  responseCondition: "RESPONSE",
};
/** Blocks of a service whose names must differ; snippets of both sorts share one space. */
const NAMED = [
  "acls",
  "backends",
  "cacheSettings",
  "conditions",
  "dictionaries",
  "directors",
  "domains",
].concat([
  "dynamicsnippets",
  "gzips",
  "headers",
  "healthchecks",
  "requestSettings",
  "responseObjects",
  "snippets",
  "vcls",
]);

/** What Fastly refuses in a version of a service, when it is made or activated. */
export const SERVICE_RULES: readonly CitedRules[] = [
  cite(`${API}/vcl-services/`, Object.fromEntries(NAMED.map((block) => [block, unique("name")]))),
  cite(`${API}/services/domain/`, { "domains[].name": domainName({ wildcard: true }) }),
  cite(LIMITS, {
    backends: count({ to: 5, what: "backends (Fastly raises it on request)" }),
    domains: count({ to: 20, what: "domains (Fastly raises it on request)" }),
  }),
  cite(`${API}/services/backend/`, {
    "backends[].address": ofText((address) =>
      isIP(address) || isDomainName(address.toLowerCase())
        ? undefined
        : "must be an IP address or a host name, without scheme or port",
    ),
    "backends[].port": whole({ from: 1, to: 65_535, what: "a port" }),
    "backends[].connectTimeout": MILLISECONDS,
    "backends[].firstByteTimeout": MILLISECONDS,
    "backends[].betweenBytesTimeout": MILLISECONDS,
    "backends[].keepaliveTime": SECONDS,
    "backends[].errorThreshold": whole({ from: 0, to: MOST }),
    "backends[].maxConn": whole({ from: 1, to: MOST, what: "connections" }),
    "backends[].weight": whole({ from: 1, to: MOST }),
    "backends[].minTlsVersion": oneOf(...TLS_VERSIONS),
    "backends[].maxTlsVersion": oneOf(...TLS_VERSIONS),
    "backends[].sslCertHostname": HOST,
    "backends[].sslSniHostname": HOST,
    "backends[].overrideHost": HOST,
    "backends[]": [inObject(checkTlsRange), inObject(checkCertificateHost)],
    "": inObject((service, report) => checkNames(service, "backends", "healthcheck", "healthchecks", report)),
  }),
  cite("https://www.fastly.com/documentation/guides/concepts/shielding/", {
    "backends[].shield": matching(
      /^[a-z_]+(-[a-z_]+)?-[a-z]{2}$/,
      'must be a shield\'s code, "iad-va-us" or "frankfurt-de"',
    ),
  }),
  cite(`${API}/vcl-services/condition/`, {
    "conditions[].type": oneOf("REQUEST", "RESPONSE", "CACHE", "PREFETCH"),
    "conditions[].priority": whole({ from: -MOST, to: MOST }),
    "conditions[]": inObject(({ type, statement }, report) => {
      if (typeof statement !== "string") return;
      const broken = brokenVclExpression(statement, ABSENT_OBJECTS[typeof type === "string" ? type : ""]);
      if (broken !== undefined) report("statement", broken);
    }),
    "": inObject(checkConditionNames),
  }),
  cite(`${API}/vcl-services/header/`, {
    "headers[].action": oneOf("set", "append", "delete", "regex", "regex_repeat"),
    "headers[].type": oneOf("request", "fetch", "cache", "response"),
    "headers[].destination": matching(
      /^(http\.[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?|url)$/,
      "must be http.NAME or url",
    ),
    "headers[].priority": whole({ from: 0, to: MOST }),
    "headers[]": inObject(checkHeader),
  }),
  cite(`${API}/vcl-services/request-settings/`, {
    "requestSettings[].action": oneOf("lookup", "pass"),
    "requestSettings[].xff": oneOf("append", "append_all", "clear", "leave", "overwrite"),
    "requestSettings[].maxStaleAge": SECONDS,
    "requestSettings[].defaultHost": HOST,
  }),
  cite(`${API}/vcl-services/cache-settings/`, {
    "cacheSettings[].action": oneOf("cache", "pass", "restart", "deliver"),
    "cacheSettings[].ttl": SECONDS,
    "cacheSettings[].staleTtl": SECONDS,
  }),
  cite(`${API}/vcl-services/response-object/`, {
    "responseObjects[].status": whole({ from: 100, to: 999, what: "an HTTP status" }),
  }),
  cite(`${API}/vcl-services/snippet/`, {
    "snippets[].type": SNIPPET_TYPES,
    "snippets[].content": VCL_CODE,
    "dynamicsnippets[].type": SNIPPET_TYPES,
    "dynamicsnippets[].content": VCL_CODE,
  }),
  cite(`${API}/vcl-services/vcl/`, {
    "vcls[].content": VCL_CODE,
    "": inObject((service, report) => {
      const main = listed(service, "vcls").filter((vcl) => isProperties(vcl) && vcl.main === true);
      if (main.length > 1) report("vcls", "must have one main VCL");
    }),
  }),
  cite(`${API}/services/healthcheck/`, {
    "healthchecks[].path": matching(/^\//, 'must start with "/"'),
    "healthchecks[].httpVersion": oneOf("1.0", "1.1"),
    "healthchecks[].expectedResponse": whole({ from: 100, to: 999, what: "an HTTP status" }),
    "healthchecks[].checkInterval": whole({ from: 1000, to: 3_600_000, what: "milliseconds" }),
    "healthchecks[]": inObject(({ window, threshold, initial }, report) => {
      for (const [name, value] of [
        ["threshold", threshold],
        ["initial", initial],
      ] as const) {
        if (typeof window === "number" && typeof value === "number" && value > window) {
          report(name, `must be at most window, ${window}`);
        }
      }
    }),
  }),
  cite(`${API}/load-balancing/directors/director/`, {
    "directors[].quorum": between({ from: 0, to: 100 }),
    "": inObject(checkDirectors),
  }),
  cite(`${API}/dictionaries/dictionary/`, { "dictionaries[].name": WORD }),
  cite(`${API}/acls/acl/`, { "acls[].name": WORD, "": inObject(checkAclReferences) }),
  cite(`${API}/vcl-services/settings/`, { defaultTtl: SECONDS, staleIfErrorTtl: SECONDS }),
];

/** A version without a domain is not activated. */
function checkTlsRange({ minTlsVersion: min, maxTlsVersion: max }: Properties, report: Report): void {
  if (typeof min === "string" && typeof max === "string" && Number(min) > Number(max)) {
    report("minTlsVersion", `must be at most maxTlsVersion, ${max}`);
  }
}

/** A certificate is checked for a name: where none is given it is the address, which must then be one. */
function checkCertificateHost(backend: Properties, report: Report): void {
  const { useSsl, sslCheckCert, sslCertHostname, address } = backend;
  if (useSsl !== true || presence(sslCertHostname) !== "absent") return;
  const isAddress = typeof address === "string" && isIP(address) !== 0;
  if (sslCheckCert === true || (isAddress && presence(sslCheckCert) === "absent"))
    report("sslCertHostname", "must be set where sslCheckCert is true, as it is unless said otherwise");
}

function checkHeader(header: Properties, report: Report): void {
  const { action, source } = header;
  if ((action === "set" || action === "append") && presence(source) === "absent") {
    report("source", `must be set where action is ${action}`);
  }
  if ((action === "regex" || action === "regex_repeat") && presence(header.regex) === "absent") {
    report("regex", `must be set where action is ${action}`);
  }
  const broken = typeof source === "string" && source !== "" ? brokenVclExpression(source) : undefined;
  if (broken !== undefined) report("source", broken);
}

/** Every block that names a condition names one that exists, and of the type that it can take. */
function checkConditionNames(service: Properties, report: Report): void {
  const names = namesOf(service, "conditions");
  const conditions = listed(service, "conditions").filter(isProperties);
  if (!names) return;
  for (const [block, items] of Object.entries(service)) {
    if (!isList(items)) continue;
    for (const [index, item] of items.entries()) {
      for (const [field, type] of Object.entries(CONDITION_FIELDS)) {
        const name = isProperties(item) ? item[field] : undefined;
        if (typeof name !== "string" || name === "") continue;
        const path = childPath(childPath(block, index), field);
        const types = conditions
          .filter((condition) => condition.name === name)
          .map((condition) => condition.type);
        if (!names.includes(name)) report(path, "must be the name of a condition");
        else if (!types.includes(type) && !types.includes(UNKNOWN)) {
          report(path, `must be a condition of type ${type}`);
        }
      }
    }
  }
}

function checkDirectors(service: Properties, report: Report): void {
  const names = namesOf(service, "backends");
  for (const [index, director] of listed(service, "directors").entries()) {
    for (const [place, backend] of (isProperties(director) ? listed(director, "backends") : []).entries()) {
      if (names && typeof backend === "string" && !names.includes(backend)) {
        report(`directors[${index}].backends[${place}]`, "must be the name of one of backends");
      }
    }
  }
}

function checkNames(service: Properties, block: string, field: string, among: string, report: Report): void {
  const names = namesOf(service, among);
  for (const [index, item] of listed(service, block).entries()) {
    const name = isProperties(item) ? item[field] : undefined;
    if (names && typeof name === "string" && name !== "" && !names.includes(name)) {
      report(`${block}[${index}].${field}`, `must be the name of one of ${among}`);
    }
  }
}

/** The names in a block; `undefined` when one of them is not known. */
function namesOf(service: Properties, block: string): readonly (Value | undefined)[] | undefined {
  const names = listed(service, block).map((item) => (isProperties(item) ? item.name : item));
  return service[block] === UNKNOWN || names.includes(UNKNOWN) ? undefined : names;
}

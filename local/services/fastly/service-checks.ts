import {
  objectsOf,
  type Properties,
  type Report,
  refuseOthers,
  textOf,
} from "../../kernel/property-values.ts";
import { headerSource } from "./header-source.ts";
import { compileCondition } from "./vcl-condition.ts";

const WHO = "the local edge";
const SERVICE = [
  "activate",
  "backends",
  "comment",
  "conditions",
  // Of what is cached, and nothing is.
  "defaultTtl",
  "staleIfErrorTtl",
  "domains",
  "forceDestroy",
  "headers",
  "name",
  "requestSettings",
  "reuse",
  "versionComment",
];
const BACKEND = [
  "address",
  "betweenBytesTimeout",
  "connectTimeout",
  "firstByteTimeout",
  "maxConn",
  "maxTlsVersion",
  "minTlsVersion",
  "name",
  "overrideHost",
  "port",
  "requestCondition",
  "sslCaCert",
  "sslCertHostname",
  "sslCheckCert",
  "sslSniHostname",
  "useSsl",
  // Of no effect on a backend that is not balanced.
  "weight",
];

/** Names what the local edge doesn't do of a VCL service. */
export function checkServiceVcl(service: Properties, report: Report): void {
  refuseOthers(service, "", SERVICE, WHO, report);
  if (service.activate === false) report("activate", `must be true: ${WHO} serves the newest version alone`);
  checkConditions(service, report);
  const open: string[] = [];
  for (const [index, backend] of objectsOf(service.backends).entries()) {
    const at = `backends[${index}]`;
    refuseOthers(backend, at, BACKEND, WHO, report);
    if (isUnset(backend.requestCondition)) open.push(at);
  }
  for (const at of open.slice(1))
    report(at, "must have a requestCondition: only one backend may be the default");
  for (const [index, setting] of objectsOf(service.requestSettings).entries()) {
    const supported = ["action", "forceSsl", "name", "requestCondition", "xff"];
    refuseOthers(setting, `requestSettings[${index}]`, supported, WHO, report);
  }
  checkHeaders(service, report);
}

function checkConditions(service: Properties, report: Report): void {
  for (const [index, { type, statement }] of objectsOf(service.conditions).entries()) {
    const at = `conditions[${index}]`;
    const [kind, text] = [textOf(type), textOf(statement)];
    if (kind !== undefined && kind !== "REQUEST")
      report(`${at}.type`, `must be REQUEST: ${WHO} evaluates no other`);
    if (text === undefined) continue;
    try {
      compileCondition(text);
    } catch (error) {
      report(`${at}.statement`, `must be what the local edge evaluates: ${(error as Error).message}`);
    }
  }
}

function checkHeaders(service: Properties, report: Report): void {
  for (const [index, header] of objectsOf(service.headers).entries()) {
    const at = `headers[${index}]`;
    refuseOthers(
      header,
      at,
      ["action", "destination", "ignoreIfSet", "name", "priority", "requestCondition", "source", "type"],
      WHO,
      report,
    );
    requireOneOf(header.action, ["set", "delete"], `${at}.action`, report);
    requireOneOf(header.type, ["request", "response"], `${at}.type`, report);
    const destination = textOf(header.destination);
    if (destination !== undefined && !/^http\.[A-Za-z0-9_-]+$/.test(destination)) {
      report(`${at}.destination`, "must be http.NAME");
    }
    const source = textOf(header.source);
    if (header.action === "set" && source !== undefined && headerSource(source) === undefined) {
      report(
        `${at}.source`,
        `must be a "string", req.url, req.method, req.http.NAME or client.ip: ${WHO} evaluates no other`,
      );
    }
  }
}

function requireOneOf(value: unknown, allowed: readonly string[], path: string, report: Report): void {
  const given = textOf(value);
  if (given !== undefined && !allowed.includes(given)) {
    report(path, `must be one of ${allowed.join(", ")}: ${WHO} does no other`);
  }
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

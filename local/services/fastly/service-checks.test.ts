import { expect, test } from "@jest/globals";
import { service } from "../testing/front-door.ts";
import { checkServiceVcl } from "./service-checks.ts";

function mistakes(properties: Readonly<Record<string, unknown>>): string[] {
  const found: string[] = [];
  checkServiceVcl(properties, (path, rule) => found.push(`${path} ${rule}`));
  return found;
}

const ABSENT = "must be absent: the local edge does not do it";

test("passes the platform's service", () => {
  expect(mistakes(service)).toEqual([]);
});

test("names every part of a service that the edge doesn't do", () => {
  const found = mistakes({
    ...service,
    snippets: [{ name: "s", type: "recv", content: "set req.backend = F_a;" }],
    directors: [{ name: "d" }],
    dictionaries: [{ name: "d" }],
    vcls: [{ name: "v" }],
    loggingHttps: [{ name: "l" }],
    gzips: [{ name: "g" }],
    activate: false,
  });
  expect(found).toEqual([
    ...["snippets", "directors", "dictionaries", "vcls", "loggingHttps", "gzips"].map(
      (name) => `${name} ${ABSENT}`,
    ),
    "activate must be true: the local edge serves the newest version alone",
  ]);
});

test("names what is wrong with conditions, backends, settings and headers by its path", () => {
  const found = mistakes({
    conditions: [
      { name: "a", type: "REQUEST", statement: "client.geo.city" },
      { name: "b", type: "CACHE", statement: "req.url" },
    ],
    backends: [
      { name: "x", address: "203.0.113.7", shield: "fra", requestCondition: "a" },
      { name: "y", address: "203.0.113.7", autoLoadbalance: true },
      { name: "z", address: "203.0.113.7" },
    ],
    requestSettings: [{ name: "s", defaultHost: "x.test" }],
    headers: [
      { name: "h", action: "regex", type: "cache", destination: "url", source: "geoip.city" },
      { name: "i", action: "set", type: "request", destination: "http.X", source: "std.tolower(req.url)" },
    ],
  });
  expect(found).toEqual([
    'conditions[0].statement must be what the local edge evaluates: The local edge does not evaluate client.geo.city in the condition "client.geo.city".',
    "conditions[1].type must be REQUEST: the local edge evaluates no other",
    `backends[0].shield ${ABSENT}`,
    `backends[1].autoLoadbalance ${ABSENT}`,
    "backends[2] must have a requestCondition: only one backend may be the default",
    `requestSettings[0].defaultHost ${ABSENT}`,
    "headers[0].action must be one of set, delete: the local edge does no other",
    "headers[0].type must be one of request, response: the local edge does no other",
    "headers[0].destination must be http.NAME",
    'headers[1].source must be a "string", req.url, req.method, req.http.NAME or client.ip: the local edge evaluates no other',
  ]);
});

import { expect, test } from "@jest/globals";
import { compileCondition, type VclRequest } from "./vcl-condition.ts";

const HEADERS: Readonly<Record<string, string>> = {
  host: "shop.example.test",
  "x-empty": "",
  "fastly-ssl": "1",
};
const request: VclRequest = {
  method: "GET",
  url: "/.well-known/acme-challenge/token?a=b",
  isTls: true,
  header: (name) => HEADERS[name],
};

test.each([
  ['req.url.path ~ "^/\\.well-known/acme-challenge/"', true],
  ['req.url.path ~ "^/xwell-known/"', false],
  ['!(req.url.path ~ "^/\\.well-known/acme-challenge/")', false],
  ['req.url.path ~ "a=b"', false],
  ['req.url ~ "a=b$"', true],
  ['req.url !~ "^/x"', true],
  ['req.url.path == "/.well-known/acme-challenge/token"', true],
  ['req.http.Host ~ "(?i)^SHOP\\."', true],
  ['req.http.Host ~ "^SHOP\\."', false],
  ['req.http.host == "shop.example.test"', true],
  ['req.http.host != "other.test"', true],
  ["req.http.Fastly-SSL", true],
  ["!req.http.Fastly-SSL", false],
  ["req.is_ssl", true],
  ["req.http.X-Empty", true],
  ["req.http.X-Unset", false],
  ["!!req.http.X-Unset", false],
  ['req.http.X-Unset == ""', false],
  ['req.http.X-Unset != "a"', true],
  ['req.http.X-Unset !~ "a"', true],
  ['req.method == "GET" && req.request == "GET"', true],
  ['req.method == "POST" || req.url ~ "^/" && req.http.Host', true],
  ['(req.method == "POST" || req.url ~ "^/") && req.http.X-Unset', false],
  ['req.method == "GET" || req.url ~ "^/" && req.http.X-Unset', true],
  ['req.url ~ {"^/\\.well"}', true],
  ['req.url == "/.well-known/acme-challenge/token%3fa=b"', true],
])("%s is %s", (statement, expected) => {
  expect(compileCondition(statement)(request)).toBe(expected);
});

test.each([
  ['client.geo.country_code == "DE"', "client.geo.country_code"],
  ['req.url ~ "^/a" && table.contains(t)', "table.contains"],
  ["req.http.Cookie:session", '":session"'],
  ["req.restarts > 0", '"> 0"'],
  ['req.url ~ "["', 'the regular expression "["'],
  ["req.url ~ req.http.X", '"req.http.X"'],
  ['(req.url ~ "a"', 'a "(" without its ")"'],
  ['req.url ~ "a")', '")"'],
  ['req.url ~ "a" req.url', '"req.url"'],
  ["req.url ~", "an end too early"],
  ["", "an end too early"],
  ['"a" ~ req.url', '"a"'],
  [`${"(".repeat(40)}req.url${")".repeat(40)}`, "more than 32 nested parentheses"],
])("%s is refused by the part that is not evaluated", (statement, part) => {
  expect(() => compileCondition(statement)).toThrow(
    `The local edge does not evaluate ${part} in the condition ${JSON.stringify(statement)}.`,
  );
});

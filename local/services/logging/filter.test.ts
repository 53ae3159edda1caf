import { describe, expect, test } from "@jest/globals";
import { compileFilter, unsupportedInFilter } from "./filter.ts";
import { filterProblem } from "./filter-rules.ts";
import type { ExportedEntry } from "./log-entry.ts";

const ENTRY: ExportedEntry = {
  insertId: "1",
  logName: "projects/acme/logs/run.googleapis.com%2Frequests",
  resource: { type: "cloud_run_revision", labels: { service_name: "domain-api", project_id: "acme" } },
  timestamp: "2027-01-31T12:00:00.000Z",
  receiveTimestamp: "2027-01-31T12:00:00.000Z",
  severity: "WARNING",
  jsonPayload: {
    message: "Message Dropped",
    domain: "a.test",
    attempt: 3,
    tags: ["x", "y"],
    nested: { ok: true },
    odd: { toString: 1 },
  },
  httpRequest: { requestMethod: "POST", status: 503, latency: "0.25s" },
  labels: { "a/b": "c" },
  trace: "projects/acme/traces/0af7651916cd43dd8448eb211c80319c",
};

test.each([
  ["", true],
  ['severity>=WARNING resource.type="cloud_run_revision"', true],
  ["severity>WARNING", false],
  ["severity=warning", true],
  ["severity=(ERROR OR WARNING)", true],
  ["severity!=WARNING", false],
  ['resource.labels.service_name = "DOMAIN-API"', true],
  ['resource.labels.service_name!="domain-api"', false],
  ['jsonPayload.message:"dropped"', true],
  ['jsonPayload.message="dropped"', false],
  ['jsonPayload.message=~"^Message [DK]"', true],
  ['jsonPayload.message=~"^message"', false],
  ['jsonPayload.message=~"(?i)^message"', true],
  ['jsonPayload.message!~"Dropped$"', false],
  ["jsonPayload.attempt>=3 jsonPayload.attempt<4", true],
  ["jsonPayload.attempt>3", false],
  ["jsonPayload.tags=y", true],
  ["jsonPayload.nested.ok=true", true],
  ["jsonPayload.tags:*", true],
  ["jsonPayload.absent:*", false],
  // A field that isn't there satisfies nothing, unless the whole comparison is negated.
  ["jsonPayload.absent!=x", false],
  ["NOT jsonPayload.absent=x", true],
  ["-jsonPayload.absent=x", true],
  // A struct has no text, even where it has a field that JavaScript would ask for one.
  ["jsonPayload.odd=x", false],
  ['jsonPayload.odd=~"."', false],
  ['jsonPayload.odd!~"x"', false],
  ["jsonPayload.odd>=a", false],
  ["jsonPayload.odd:1", true],
  ['labels."a/b"=c', true],
  ["httpRequest.status>=500 httpRequest.latency>0.2s", true],
  ['httpRequest.latency>"0.3s"', false],
  ['timestamp>="2027-01-31T11:00:00Z"', true],
  ['trace="projects/acme/traces/0af7651916cd43dd8448eb211c80319c"', true],
  ['logName="projects/acme/logs/run.googleapis.com%2Frequests" -- the requests\nseverity=WARNING', true],
  // OR binds closer than AND: (true OR false) AND false.
  ["severity=WARNING OR severity=ERROR AND jsonPayload.attempt=9", false],
  ["(severity=ERROR OR severity=INFO) AND jsonPayload.attempt=3", false],
  ["NOT severity=ERROR AND NOT (jsonPayload.attempt=4 OR jsonPayload.attempt=5)", true],
  ["jsonPayload.message:(kept OR dropped)", true],
  ["jsonPayload.message:(message AND kept)", false],
])("%s: %p", (filter, matches) => {
  expect(compileFilter(filter)(ENTRY)).toBe(matches);
});

describe("refuses as Logging does", () => {
  test.each([
    ["severity>=LOUD", 'compares severity with "LOUD", which is none of DEFAULT, DEBUG'],
    ["(severity=ERROR", "ends too early"],
    ["severity=ERROR)", 'has ")" at character 15'],
    ["severity=", "ends too early"],
    ["severity==ERROR", 'has "=" at character 10'],
    ["payload.x=1", "names payload, which is no field of a log entry"],
    ['textPayload=~"("', "which is no regular expression"],
    ["textPayload=a:b", 'has ":" at character 14'],
    ["severity=ERROR AND", "ends too early"],
    ["#", 'has "#" at character 1'],
    [`textPayload="${"x".repeat(20_000)}"`, "has 20014 characters, more than 20000"],
  ])("%.40s", (filter, problem) => {
    expect(filterProblem(filter)).toContain(problem);
    expect(() => compileFilter(filter)).toThrow(problem);
  });
});

describe("says what Logging can evaluate and it can't", () => {
  test.each([
    ['"lost message"', 'searches every field for "lost message"'],
    ['severity=ERROR SEARCH("x")', "calls SEARCH(), which the local cloud does not evaluate"],
    ["sample(insertId, 0.1)", "calls sample()"],
    ['protoPayload.methodName="x"', "asks for protoPayload, which no entry of the local cloud has"],
  ])("%s", (filter, problem) => {
    expect(filterProblem(filter)).toBeUndefined();
    expect(unsupportedInFilter(filter)).toContain(problem);
    expect(() => compileFilter(filter)).toThrow(problem);
  });
});

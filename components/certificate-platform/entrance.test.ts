import { expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { inputsOf, synth } from "../testing/synth.ts";
import { EdgeAllowList } from "./edge-allow-list.ts";
import { EdgeService, type EdgeServiceArgs } from "./edge-service.ts";

test("EdgeAllowList admits the CDN's ranges alone, ten a rule, and denies the rest", async () => {
  const ranges = Array.from({ length: 23 }, (_, index) => `10.${index}.0.0/16`);
  const resources = await synth(() => new EdgeAllowList("edge-only", { ranges }));
  const { rules } = inputsOf(resources, "gcp:compute/securityPolicy:SecurityPolicy", "edge-only") as {
    rules: { action: string; match: { config: { srcIpRanges: string[] } } }[];
  };

  expect(rules.map(({ action, match }) => [action, match.config.srcIpRanges.length])).toEqual([
    ["allow", 10],
    ["allow", 10],
    ["allow", 3],
    ["deny(403)", 1],
  ]);
  expect(rules.slice(0, 3).flatMap(({ match }) => match.config.srcIpRanges)).toEqual(ranges);
});

test("EdgeAllowList with secrets denies first what bears none of them, and shows them to nobody behind", async () => {
  const secrets = pulumi.output(["new-secret", "old-secret"]);
  const resources = await synth(() => new EdgeAllowList("own-edge", { ranges: ["10.0.0.0/16"], secrets }));
  const { rules } = inputsOf(resources, "gcp:compute/securityPolicy:SecurityPolicy", "own-edge") as {
    rules: { action: string; priority: number }[];
  };

  expect(rules.toSorted((one, other) => one.priority - other.priority)).toMatchObject([
    { action: "deny(403)", match: { expr: { expression: "!has(request.headers['x-origin-secret'])" } } },
    {
      action: "deny(403)",
      match: {
        expr: {
          expression:
            "request.headers['x-origin-secret'] != 'new-secret' && request.headers['x-origin-secret'] != 'old-secret'",
        },
      },
    },
    {
      action: "allow",
      match: { config: { srcIpRanges: ["10.0.0.0/16"] } },
      headerAction: { requestHeadersToAdds: [{ headerName: "x-origin-secret", headerValue: "checked" }] },
    },
    { action: "deny(403)", match: { config: { srcIpRanges: ["*"] } } },
  ]);
});

const edgeService = (args: Partial<EdgeServiceArgs> = {}) =>
  new EdgeService("edge", {
    edgeHost: "edge.domains.example",
    edgeAddresses: ["151.101.2.132", "2a04:4e42::644", "151.101.66.132"],
    zone: "zone",
    originAddress: "203.0.113.1",
    originHost: "origin.domains.example",
    originSecret: "secret",
    protect: true,
    ...args,
  });

test("EdgeService leads the name that customers point at to the CDN, by both kinds of address", async () => {
  const resources = await synth(() => edgeService());
  const records = resources.filter(({ type }) => type === "gcp:dns/recordSet:RecordSet");

  expect(records.map(({ inputs }) => [inputs.name, inputs.type, inputs.rrdatas])).toEqual([
    ["edge.domains.example.", "A", ["151.101.2.132", "151.101.66.132"]],
    ["edge.domains.example.", "AAAA", ["2a04:4e42::644"]],
  ]);
});

test("EdgeService leads every customer's own name there too, where one shows whose a name is", async () => {
  const resources = await synth(() => edgeService({ hasCustomersNames: true }));
  const records = resources.filter(({ type }) => type === "gcp:dns/recordSet:RecordSet");

  expect(records.map(({ inputs }) => [inputs.name, inputs.type, inputs.rrdatas])).toEqual([
    ["edge.domains.example.", "A", ["151.101.2.132", "151.101.66.132"]],
    ["edge.domains.example.", "AAAA", ["2a04:4e42::644"]],
    ["*.edge.domains.example.", "A", ["151.101.2.132", "151.101.66.132"]],
    ["*.edge.domains.example.", "AAAA", ["2a04:4e42::644"]],
  ]);
});

test("EdgeService links that name apart from the service's versions, as customers' own are", async () => {
  const resources = await synth(() => edgeService());

  expect(inputsOf(resources, "fastly:index/domainV1:DomainV1", "edge")).toMatchObject({
    fqdn: "edge.domains.example",
    serviceId: "edge-id",
  });
  expect(inputsOf(resources, "fastly:index/serviceVcl:ServiceVcl", "edge")).not.toHaveProperty("domains");
});

test("EdgeService passes challenges in plain HTTP, and all else over TLS to the origin's own name", async () => {
  const resources = await synth(() => edgeService());

  expect(inputsOf(resources, "fastly:index/serviceVcl:ServiceVcl", "edge")).toMatchObject({
    backends: [
      { name: "acme", port: 80, useSsl: false, requestCondition: "acme" },
      {
        name: "origin",
        port: 443,
        useSsl: true,
        sslCheckCert: true,
        sslSniHostname: "origin.domains.example",
        sslCertHostname: "origin.domains.example",
        requestCondition: "not-acme",
      },
    ],
    headers: [
      {
        type: "request",
        action: "set",
        destination: "http.x-origin-secret",
        source: '"secret"',
        ignoreIfSet: false,
        // In plain HTTP anybody could read it.
        requestCondition: "not-acme",
      },
    ],
    requestSettings: [{ forceSsl: true, requestCondition: "not-acme" }, { action: "pass" }],
    forceDestroy: false,
  });
});

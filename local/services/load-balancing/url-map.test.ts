import { describe, expect, test } from "@jest/globals";
import { httpMap, ids } from "../testing/front-door.ts";
import { type Requested, route } from "./url-map.ts";
import { checkUrlMap } from "./url-map-checks.ts";
import { checkUrlMapTests } from "./url-map-test-rules.ts";

const TOKEN_PROXY = { kind: "service", service: ids.proxyBackend };

function routed(map: object, host: string, target: string, scheme: Requested["scheme"] = "http") {
  return route(map as Record<string, unknown>, { host, target, scheme });
}

function mistakes(map: object, check = checkUrlMap): string[] {
  const found: string[] = [];
  check(map as Record<string, unknown>, (path, rule) => found.push(`${path} ${rule}`));
  return found;
}

describe("route", () => {
  test.each([
    ["/.well-known/acme-challenge/", TOKEN_PROXY],
    ["/.well-known/acme-challenge/a/b?c", TOKEN_PROXY],
    ["/.well-known/acme-challenge", { status: 301 }],
    ["/.well-known/acme-challengeX/a", { status: 301 }],
    ["/.WELL-KNOWN/acme-challenge/a", { status: 301 }],
    ["/%2ewell-known/acme-challenge/a", { status: 301 }],
    ["/x?/.well-known/acme-challenge/a", { status: 301 }],
  ])("takes %s as it is written", (target, expected) => {
    expect(routed(httpMap, "shop.example.test", target)).toMatchObject(expected);
  });

  test("prefers a name over a wildcard, a longer wildcard over a shorter, and the longest path", () => {
    const map = {
      defaultService: "default",
      hostRules: [
        { hosts: ["*.example.test"], pathMatcher: "wide" },
        { hosts: ["*.shop.example.test"], pathMatcher: "narrow" },
        { hosts: ["a.shop.example.test"], pathMatcher: "exact" },
      ],
      pathMatchers: [
        { name: "wide", defaultService: "wide" },
        { name: "narrow", defaultService: "narrow" },
        {
          name: "exact",
          defaultService: "exact",
          pathRules: [
            { paths: ["/a/*"], service: "a" },
            { paths: ["/a/b/*", "/a/b"], service: "ab" },
          ],
        },
      ],
    };
    const services = [
      ["A.Shop.Example.Test:8080", "/x"],
      ["b.shop.example.test", "/a/"],
      ["shop.example.test", "/"],
      ["example.test", "/"],
      ["a.shop.example.test", "/a/b/c"],
      ["a.shop.example.test", "/a/b"],
      ["a.shop.example.test", "/a/c"],
    ].map(([host = "", path = ""]) => routed(map, host, path));
    expect(services.map((found) => found?.kind === "service" && found.service)).toEqual([
      "exact",
      "narrow",
      "wide",
      "default",
      "ab",
      "ab",
      "a",
    ]);
  });

  test.each([
    [{ httpsRedirect: true }, 301, "https://x.test/a/b?c=%20"],
    [
      { httpsRedirect: true, stripQuery: true, redirectResponseCode: "PERMANENT_REDIRECT" },
      308,
      "https://x.test/a/b",
    ],
    [{ hostRedirect: "y.test", redirectResponseCode: "FOUND" }, 302, "http://y.test/a/b?c=%20"],
    [{ pathRedirect: "/z", redirectResponseCode: "SEE_OTHER" }, 303, "http://x.test/z?c=%20"],
    [{ prefixRedirect: "/z/", redirectResponseCode: "TEMPORARY_REDIRECT" }, 307, "http://x.test/z/b?c=%20"],
  ])("redirects by %j", (urlRedirect, status, location) => {
    const map = {
      hostRules: [{ hosts: ["*"], pathMatcher: "all" }],
      pathMatchers: [{ name: "all", pathRules: [{ paths: ["/a/*"], urlRedirect }] }],
    };
    expect(routed(map, "x.test", "/a/b?c=%20")).toEqual({ kind: "redirect", status, location });
  });

  test("says nothing of a host that the map doesn't know", () => {
    const map = {
      hostRules: [{ hosts: ["x.test"], pathMatcher: "x" }],
      pathMatchers: [{ name: "x", defaultService: "x" }],
    };
    expect(routed(map, "y.test", "/")).toBeUndefined();
  });
});

describe("checkUrlMapTests", () => {
  test("passes the platform's map with tests that hold", () => {
    const tests = [
      {
        host: "shop.example.test",
        path: "/.well-known/acme-challenge/token",
        service: `https://www.googleapis.com/compute/v1/${ids.proxyBackend}`,
      },
      {
        host: "shop.example.test",
        path: "/a?b",
        expectedOutputUrl: "https://shop.example.test/a?b",
        expectedRedirectResponseCode: 301,
      },
    ];
    expect(mistakes({ ...httpMap, tests }, checkUrlMapTests)).toEqual([]);
  });

  test("reports every test that fails, with what the map does instead", () => {
    const tests = [
      { host: "shop.example.test", path: "/.well-known/acme-challenge/t", service: ids.hostingBackend },
      { host: "shop.example.test", path: "/a", expectedOutputUrl: "http://shop.example.test/a" },
      { host: "shop.example.test", path: "/a", expectedRedirectResponseCode: 302 },
      { host: "shop.example.test", path: "/a", service: ids.hostingBackend },
    ];
    expect(mistakes({ ...httpMap, tests }, checkUrlMapTests)).toEqual([
      `tests[0].service must be where the map sends shop.example.test/.well-known/acme-challenge/t, ${ids.proxyBackend}`,
      "tests[1].expectedOutputUrl must be where the map redirects shop.example.test/a, https://shop.example.test/a",
      "tests[2].expectedRedirectResponseCode must be what the map answers, 301",
      "tests[3].service must be absent: shop.example.test/a is redirected to https://shop.example.test/a",
    ]);
  });

  test("asks for what a service is asked, whatever the scheme", () => {
    const tests = [
      { host: "a.test", path: "/b?c", service: "s", expectedOutputUrl: "https://a.test/b?c" },
      { host: "a.test", path: "/b?c", service: "s", expectedOutputUrl: "a.test/c" },
    ];
    expect(mistakes({ defaultService: "s", tests }, checkUrlMapTests)).toEqual([
      "tests[1].expectedOutputUrl must be what the service is asked for, a.test/b?c",
    ]);
  });

  test("leaves services alone that have no name yet, and sees what goes to none of them", () => {
    const unknown = Symbol("unknown");
    const map = {
      defaultService: unknown,
      hostRules: [{ hosts: ["old.test"], pathMatcher: "old" }],
      pathMatchers: [{ name: "old", defaultUrlRedirect: { httpsRedirect: true } }],
    };
    const tests = [
      { host: "shop.test", path: "/a", service: ids.hostingBackend },
      { host: "shop.test", path: "/a", service: unknown },
      { host: "old.test", path: "/a", service: unknown },
      { host: "shop.test", path: "/a", expectedRedirectResponseCode: 301 },
    ];
    expect(mistakes({ ...map, tests }, checkUrlMapTests)).toEqual([
      "tests[2].service must be absent: old.test/a is redirected to https://old.test/a",
      "tests[3].expectedRedirectResponseCode must be absent: shop.test/a goes to [unknown]",
    ]);
    const otherwise = { ...map, hostRules: [{ hosts: [unknown], pathMatcher: "old" }], tests };
    expect(mistakes(otherwise, checkUrlMapTests)).toEqual([]);
  });

  test("leaves tests of a map alone whose rules it does not follow", () => {
    const rule = { paths: ["/a"], service: "a", routeAction: { urlRewrite: { hostRewrite: "x" } } };
    const map = {
      defaultService: "s",
      hostRules: [{ hosts: ["*"], pathMatcher: "m" }],
      pathMatchers: [{ name: "m", defaultService: "s", pathRules: [rule] }],
      tests: [{ host: "a.test", path: "/a", service: "other" }],
    };
    expect(mistakes(map, checkUrlMapTests)).toEqual([]);
  });
});

describe("checkUrlMap", () => {
  test("names what it doesn't do", () => {
    const map = {
      defaultService: "a",
      headerAction: { requestHeadersToRemoves: ["x"] },
      pathMatchers: [
        {
          name: "m",
          defaultService: "a",
          routeRules: [{ priority: 1 }],
          pathRules: [{ paths: ["/"], routeAction: { urlRewrite: { hostRewrite: "x" } } }],
        },
      ],
    };
    expect(mistakes(map)).toEqual([
      "headerAction must be absent: the local load balancer does not do it",
      "pathMatchers[0].routeRules must be absent: the local load balancer does not do it",
      "pathMatchers[0].pathRules[0].routeAction must be absent: the local load balancer does not do it",
    ]);
  });
});

import { expect, test } from "@jest/globals";
import type { ExportedEntry } from "../services/logging/log-entry.ts";
import type { FoundEntry } from "./log-files.ts";
import { waterfall } from "./trace-display.ts";
import { buildTrace, linkedTraces, type TraceSpan } from "./trace-tree.ts";

const TRACE = "a".repeat(32);
const PUSH = "b".repeat(32);
const START = Date.parse("2027-01-31T12:00:00.000Z");

const at = (ms: number) => new Date(START + ms).toISOString();

function entry(source: string, fields: Partial<ExportedEntry>, traceId = TRACE): FoundEntry {
  return {
    source,
    entry: {
      insertId: "1",
      logName: "projects/p/logs/x",
      resource: { type: "global", labels: {} },
      timestamp: at(0),
      receiveTimestamp: at(0),
      severity: "INFO",
      trace: `projects/p/traces/${traceId}`,
      ...fields,
    },
  };
}

const request = (
  source: string,
  url: string,
  startMs: number,
  ms: number,
  spanId: string,
  traceId?: string,
) =>
  entry(
    source,
    {
      timestamp: at(startMs),
      resource: {
        type: source === "load-balancer" ? "http_load_balancer" : "cloud_run_revision",
        labels: {},
      },
      spanId,
      httpRequest: { requestMethod: "GET", requestUrl: url, status: 200, latency: `${ms / 1000}s` },
    },
    traceId,
  );

const work = (source: string, message: string, spanId: string, payload: object, span: object) =>
  entry(source, { spanId, jsonPayload: { message, ...payload, span: { calls: [], events: [], ...span } } });

const outline = (spans: readonly TraceSpan[]): unknown =>
  spans.map(({ name, children }) => (children.length === 0 ? name : [name, outline(children)]));

const ENTRIES = [
  request("load-balancer", "https://api/", 0, 50, "lb"),
  request("api", "https://api/", 1, 48, "front"),
  work(
    "api",
    "POST /v1",
    "api",
    {},
    {
      parentSpanId: "front",
      startTime: at(5),
      durationMs: 40,
      calls: [{ name: "Pub/Sub publish", startMs: 10, durationMs: 20 }],
    },
  ),
  // Two attempts: the first ended in a retry, and its push is not in the logs any more.
  work(
    "issuer",
    "Message to be retried",
    "first",
    {
      publishTime: at(20),
      subscription: "projects/p/subscriptions/issue",
      deliveryAttempt: 1,
      reason: "busy",
    },
    { parentSpanId: "api", startTime: at(30), durationMs: 5 },
  ),
  work(
    "issuer",
    "Message done",
    "second",
    {
      publishTime: at(20),
      subscription: "projects/p/subscriptions/issue",
      deliveryAttempt: 2,
      requestTrace: PUSH,
    },
    {
      parentSpanId: "api",
      startTime: at(100),
      durationMs: 60,
      calls: [
        { name: "CA POST order", startMs: 1, durationMs: 5, error: "no answer" },
        { name: "edge GET a.test", startMs: 10, durationMs: 30 },
      ],
      events: [{ name: "active", atMs: 50 }],
    },
  ),
  request("issuer", "https://issuer/", 98, 64, "push", PUSH),
  // Through the edge, which logs nothing: its parent is the call that it lies in.
  request("load-balancer", "http://a.test/", 112, 20, "probe"),
  // Two that the CA made, which knows of no trace: of one request the balancer's holds the proxy's.
  request("load-balancer", "http://a.test/1", 144, 15, "one", "c".repeat(32)),
  request("load-balancer", "http://a.test/2", 145, 10, "two", "d".repeat(32)),
  request("token-proxy", "http://a.test/2", 146, 5, "proxy", "d".repeat(32)),
];

test("joins requests, workloads and deliveries to one tree, each attempt of its own", () => {
  expect([...linkedTraces(ENTRIES)]).toEqual([PUSH]);
  const tree = buildTrace(TRACE, ENTRIES);
  expect(outline(tree?.spans ?? [])).toEqual([
    [
      "GET https://api/",
      [
        [
          "GET https://api/",
          [
            [
              "POST /v1",
              [
                "Pub/Sub publish",
                ["delivery to issue, attempt 1", ["Message to be retried"]],
                [
                  "delivery to issue, attempt 2",
                  [
                    [
                      "GET https://issuer/",
                      [
                        [
                          "Message done",
                          [
                            "CA POST order",
                            ["edge GET a.test", ["GET http://a.test/"]],
                            "GET http://a.test/1",
                            ["GET http://a.test/2", ["GET http://a.test/2"]],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ],
  ]);
  expect(tree).toMatchObject({ traceId: TRACE, startTime: at(0), durationMs: 162 });
});

test("keeps what a load balancer handed on within it, though the clocks say that it took longer", () => {
  const [first, second] = ["e".repeat(32), "f".repeat(32)];
  const entries = [
    work("issuer", "Message done", "issue", {}, { startTime: at(0), durationMs: 50 }),
    request("load-balancer", "http://a.test/1", 10, 7.369, "lb-1", first),
    request("token-proxy", "http://a.test/1", 10, 7.624, "proxy-1", first),
    // The same again within the trace: each belongs to the balancer's entry that came before it.
    request("load-balancer", "http://a.test/1", 30, 5, "lb-2", first),
    request("token-proxy", "http://a.test/1", 31, 6, "proxy-2", first),
    request("load-balancer", "http://a.test/1", 11, 9, "lb-3", second),
    request("token-proxy", "http://a.test/1", 11, 9.5, "proxy-3", second),
  ];
  const tree = buildTrace(TRACE, entries);
  const hops = tree?.spans[0]?.children.map(({ source, children }) => [
    source,
    children.map((each) => each.source),
  ]);
  expect(tree?.spans).toHaveLength(1);
  expect(hops).toEqual(Array(3).fill(["load-balancer", ["token-proxy"]]));
});

test("shows start, duration and bar of each span, errors and steps in their places", () => {
  const tree = buildTrace(TRACE, ENTRIES);
  const lines = tree ? waterfall(tree).split("\n") : [];
  expect(lines).toContainEqual(
    expect.stringMatching(/^ {2}0\.0 ms {5}50 ms {2}█{7}.* {2}GET https:\/\/api\/ 200 \(load-balancer\)$/),
  );
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}101 ms {4}5\.0 ms .*─ CA POST order no answer$/));
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}150 ms .*◆ active$/));
  expect(lines).toContainEqual(expect.stringContaining("Message to be retried (issuer) busy"));
});

test("is nothing where no entry tells of a span", () => {
  expect(buildTrace(TRACE, [entry("api", { jsonPayload: { message: "hello" } })])).toBeUndefined();
});

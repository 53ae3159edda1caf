import { beforeAll, expect, test } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { inputsOf, type Synthesised, synth } from "../testing/synth.ts";
import { PlatformMonitoring } from "./platform-monitoring.ts";

const ALERT = "gcp:monitoring/alertPolicy:AlertPolicy";
const METRIC = "gcp:logging/metric:Metric";

let resources: readonly Synthesised[];
const alert = (name: string) => inputsOf(resources, ALERT, name);

beforeAll(async () => {
  const services = Object.fromEntries(
    ["api", "hosting", "issuer", "tokenProxy", "watcher"].map((name) => [name, pulumi.output(`run-${name}`)]),
  ) as ConstructorParameters<typeof PlatformMonitoring>[1]["services"];
  resources = await synth(
    () =>
      new PlatformMonitoring("p", {
        services,
        alerting: { channels: ["channels/c"], runbooksUrl: "https://r.example" },
      }),
  );
});

test("every alert is told to somebody, says what to do, and has a severity", () => {
  const alerts = resources.filter(({ type }) => type === ALERT);
  expect(alerts.map(({ name }) => name).sort()).toEqual([
    "p-budgets",
    "p-errors",
    "p-renewal-fast-burn",
    "p-renewal-silent",
    "p-renewal-slow-burn",
    "p-renewals",
  ]);
  for (const { inputs } of alerts) {
    expect(inputs).toMatchObject({
      notificationChannels: ["channels/c"],
      severity: expect.stringMatching(/^(CRITICAL|ERROR|WARNING)$/),
      documentation: { content: expect.stringMatching(/\w+ \w+/) },
    });
  }
});

test("renewals are judged by the share that failed, where enough did", () => {
  expect(inputsOf(resources, METRIC, "p-renewals-failed")).toMatchObject({
    filter:
      'resource.type="cloud_run_revision" AND resource.labels.service_name="run-issuer" AND jsonPayload.message="Domain event" AND jsonPayload.event.type="failed" AND jsonPayload.event.isRenewal=true',
    metricDescriptor: { metricKind: "DELTA", valueType: "INT64" },
  });
  const failed =
    'metric.type="logging.googleapis.com/user/p-renewals-failed" AND resource.type="cloud_run_revision"';
  expect(alert("p-renewals")).toMatchObject({
    combiner: "AND",
    conditions: [
      {
        conditionThreshold: {
          filter: failed,
          denominatorFilter: expect.stringContaining("/p-renewals-ended"),
          thresholdValue: 0.2,
        },
      },
      { conditionThreshold: { filter: failed, thresholdValue: 5 } },
    ],
  });
});

test("the promise that certificates keep a quarter of their life is an objective, with alerts on how fast it fails", () => {
  expect(inputsOf(resources, "gcp:monitoring/slo:Slo", "p-renewal")).toMatchObject({
    service: "p-renewal",
    goal: 0.99,
    rollingPeriodDays: 28,
    requestBasedSli: {
      goodTotalRatio: {
        goodServiceFilter: expect.stringContaining("/p-renewal-good-rounds"),
        totalServiceFilter: expect.stringContaining("/p-renewal-rounds"),
      },
    },
  });
  expect(inputsOf(resources, METRIC, "p-renewal-good-rounds")).toMatchObject({
    filter: expect.stringContaining(
      '"run-watcher" AND jsonPayload.message="Domains seen" AND jsonPayload.domains.healthyShare>=0.999',
    ),
  });
  expect(alert("p-renewal-fast-burn")).toMatchObject({
    severity: "CRITICAL",
    conditions: [
      { conditionThreshold: { filter: 'select_slo_burn_rate("p-renewal", "3600s")', thresholdValue: 13.44 } },
    ],
  });
  expect(alert("p-renewal-silent")).toMatchObject({
    conditions: [{ conditionAbsent: { duration: "900s" } }],
  });
});

test("work that waits for a budget is counted by its own lines", () => {
  expect(inputsOf(resources, METRIC, "p-budget-spent")).toMatchObject({
    filter:
      'resource.type="cloud_run_revision" AND resource.labels.service_name="run-issuer" AND jsonPayload.limit:*',
  });
  expect(alert("p-budgets")).toMatchObject({
    conditions: [
      { conditionThreshold: { filter: expect.stringContaining("/p-budget-spent"), duration: "900s" } },
    ],
  });
});

test("errors of API, proxy and hosting are told apart", () => {
  expect(alert("p-errors")).toMatchObject({
    conditions: ["api", "tokenProxy", "hosting"].map((service) => ({
      conditionThreshold: { filter: expect.stringContaining(`service_name="run-${service}"`) },
    })),
  });
});

test("one page shows all that is watched, each chart in a place of its own", () => {
  const { dashboardJson } = inputsOf(
    resources,
    "gcp:monitoring/dashboard:Dashboard",
    "p-dashboard",
  ) as unknown as { dashboardJson: string };
  const { displayName, mosaicLayout } = JSON.parse(dashboardJson) as {
    displayName: string;
    mosaicLayout: { columns: number; tiles: { xPos: number; yPos: number; width: number; widget: object }[] };
  };
  expect(displayName).toBe("p");
  expect(mosaicLayout.tiles.at(-1)?.widget).toEqual({
    title: "Deployments",
    logsPanel: { filter: 'log_id("platform-deploy")' },
  });
  const places = mosaicLayout.tiles.map(({ xPos, yPos }) => `${xPos}/${yPos}`);
  expect(new Set(places).size).toBe(places.length);
  for (const { xPos, width } of mosaicLayout.tiles)
    expect(xPos + width).toBeLessThanOrEqual(mosaicLayout.columns);
});

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";

/** A mosaic has so many columns, and each chart a quarter of them. */
const COLUMNS = 48;
const WIDTH = 24;
const HEIGHT = 16;
/** The log's id, as the operator's command has it. */
const DEPLOY_LOG = "platform-deploy";
const DEPLOYS_HEIGHT = 12;
/** Metrics that are read as they are; all others are counted. */
const GAUGES = /oldest_unacked_message_age|instance_count/;

/** Lines across every chart, where something was changed or somebody was told. */
const EVENTS = { CLOUD_RUN_DEPLOYMENT: "New revisions", CLOUD_ALERTING_ALERT: "Alerts" } as const;

export interface PlatformDashboardArgs {
  readonly title: string;
  /** Filters of Cloud Monitoring by the chart's title, in the order of the page. */
  readonly charts: Readonly<Record<string, pulumi.Input<string>>>;
}

/** One page that shows how the platform is. */
export class PlatformDashboard extends pulumi.ComponentResource {
  constructor(name: string, args: PlatformDashboardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("platform:certificates:PlatformDashboard", name, args, opts);

    const { title, charts } = args;
    const tiles = Object.entries(charts).map(([chart, filter], index) =>
      pulumi.output(filter).apply((known) => tileOf(chart, known, index)),
    );
    new gcp.monitoring.Dashboard(
      name,
      {
        dashboardJson: pulumi.all(tiles).apply((all) =>
          JSON.stringify({
            displayName: title,
            annotations: {
              eventAnnotations: Object.entries(EVENTS).map(([eventType, displayName]) => ({
                eventType,
                displayName,
                enabled: true,
              })),
            },
            mosaicLayout: { columns: COLUMNS, tiles: [...all, deploysTile(all.length)] },
          }),
        ),
      },
      { parent: this },
    );

    this.registerOutputs({});
  }
}

/** What was deployed, by whom and from which commit, as `npm run annotate` writes it. */
function deploysTile(charts: number) {
  return {
    xPos: 0,
    yPos: Math.ceil((charts * WIDTH) / COLUMNS) * HEIGHT,
    width: COLUMNS,
    height: DEPLOYS_HEIGHT,
    widget: { title: "Deployments", logsPanel: { filter: `log_id("${DEPLOY_LOG}")` } },
  };
}

/** @see https://cloud.google.com/monitoring/api/ref_v1/rest/v1/projects.dashboards */
function tileOf(title: string, filter: string, index: number) {
  const isGauge = GAUGES.test(filter);
  const timeSeriesFilter = {
    filter,
    aggregation: {
      alignmentPeriod: "60s",
      perSeriesAligner: isGauge ? "ALIGN_MAX" : "ALIGN_DELTA",
      crossSeriesReducer: isGauge ? "REDUCE_MAX" : "REDUCE_SUM",
      groupByFields: filter.includes("logging.googleapis.com/user/")
        ? []
        : [filter.includes("pubsub") ? "resource.label.subscription_id" : "resource.label.service_name"],
    },
  };
  return {
    xPos: (index * WIDTH) % COLUMNS,
    yPos: Math.floor((index * WIDTH) / COLUMNS) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    widget: {
      title,
      xyChart: {
        dataSets: [{ plotType: "LINE", targetAxis: "Y1", timeSeriesQuery: { timeSeriesFilter } }],
      },
    },
  };
}

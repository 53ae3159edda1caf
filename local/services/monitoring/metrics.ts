import type { ResourceStore } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import type { ExportedEntry, MonitoredResource } from "../logging/log-entry.ts";
import type { PubSub } from "../pubsub/contract.ts";
import type { Series } from "./series.ts";

const SUBSCRIPTION = "gcp:pubsub/subscription:Subscription";
const SERVICE = "gcp:cloudrunv2/service:Service";
/** Those that `gcp:logging/metric:Metric` makes. */
export const USER_METRICS = "logging.googleapis.com/user/";

export interface MetricParts {
  readonly resources: ResourceStore;
  readonly pubsub: Pick<PubSub, "backlog" | "oldestUnacked">;
  readonly run: { pids(service: string): readonly number[] };
}

export interface Sample extends Series {
  readonly value: number;
}

/** Metrics that are asked for: what each says of every resource at this moment. */
const GAUGES: Readonly<
  Record<string, (parts: MetricParts, now: number) => readonly Omit<Sample, "metric">[]>
> = {
  "pubsub.googleapis.com/subscription/num_undelivered_messages": (parts) =>
    subscriptions(parts, (id) => parts.pubsub.backlog(id)),
  "pubsub.googleapis.com/subscription/oldest_unacked_message_age": (parts, now) =>
    subscriptions(parts, (id) => (now - (parts.pubsub.oldestUnacked(id) ?? now)) / 1000),
  "run.googleapis.com/container/instance_count": ({ resources, run }) =>
    resources.list(SERVICE).map(({ id }) => ({ resource: serviceResource(id), value: run.pids(id).length })),
};

const LATENCIES = "run.googleapis.com/request_latencies";

/** Metrics that are counted as entries come in. */
const COUNTED: Readonly<Record<string, (entry: ExportedEntry) => Sample | undefined>> = {
  "pubsub.googleapis.com/subscription/dead_letter_message_count": ({ resource, jsonPayload }) =>
    resource.type === "pubsub_subscription" && jsonPayload?.deadLetterId !== undefined
      ? sample(resource, {}, 1)
      : undefined,
  "run.googleapis.com/request_count": ({ resource, httpRequest }) =>
    resource.type === "cloud_run_revision" && httpRequest?.status !== undefined
      ? sample(resource, responseLabels(httpRequest.status), 1)
      : undefined,
  [LATENCIES]: ({ resource, httpRequest }) =>
    resource.type === "cloud_run_revision" && httpRequest?.latency !== undefined
      ? sample(
          resource,
          responseLabels(httpRequest.status ?? 0),
          Number.parseFloat(httpRequest.latency) * 1000,
        )
      : undefined,
  "loadbalancing.googleapis.com/https/request_count": ({ resource, httpRequest }) =>
    resource.type === "http_load_balancer" && httpRequest?.status !== undefined
      ? sample(balancerResource(resource), balancerLabels(httpRequest.status), 1)
      : undefined,
  "logging.googleapis.com/log_entry_count": ({ resource, severity }) => sample(resource, { severity }, 1),
};

/** The metrics that the local cloud can tell, besides those that the program makes of logs. */
export const METRICS: readonly string[] = [...Object.keys(GAUGES), ...Object.keys(COUNTED)];

export function isCountedMetric(metric: string): boolean {
  return metric in COUNTED || metric.startsWith(USER_METRICS);
}

/** Whether the metric's values are of a distribution: adding them up would lose what they say. */
export function isDistribution(metric: string): boolean {
  return metric === LATENCIES;
}

/** What the metric says now; nothing for one that is counted. */
export function readMetric(metric: string, parts: MetricParts, now: number): readonly Sample[] {
  const samples = GAUGES[metric]?.(parts, now) ?? [];
  return samples.map((each) => ({ ...each, metric: { type: metric, labels: {} } }));
}

/** What an entry adds to a metric that is counted. */
export function countEntry(metric: string, entry: ExportedEntry): Sample | undefined {
  const counted = COUNTED[metric]?.(entry);
  return counted && { ...counted, metric: { type: metric, labels: counted.metric.labels } };
}

function sample(
  resource: MonitoredResource,
  labels: Readonly<Record<string, string>>,
  value: number,
): Sample {
  return { metric: { type: "", labels }, resource, value };
}

function subscriptions(
  { resources }: MetricParts,
  read: (id: string) => number,
): readonly Omit<Sample, "metric">[] {
  return resources.list(SUBSCRIPTION).map(({ id }) => {
    const [, project = "", , name = ""] = id.split("/");
    const labels = { project_id: project, subscription_id: name };
    return { resource: { type: "pubsub_subscription", labels }, value: read(id) };
  });
}

function serviceResource(id: string): MonitoredResource {
  const [, project = "", , location = "", , name = ""] = id.split("/");
  const labels = { project_id: project, location, service_name: name, configuration_name: name };
  return { type: "cloud_run_revision", labels };
}

/** @see https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run */
function responseLabels(status: number): Readonly<Record<string, string>> {
  return { response_code: String(status), response_code_class: `${Math.floor(status / 100)}xx` };
}

function balancerLabels(status: number): Readonly<Record<string, string>> {
  return { response_code: String(status), response_code_class: String(Math.floor(status / 100) * 100) };
}

/** Metrics and logs name a load balancer's resource differently. */
function balancerResource({ labels }: MonitoredResource): MonitoredResource {
  return {
    type: "https_lb_rule",
    labels: {
      project_id: labels.project_id ?? "",
      forwarding_rule_name: labels.forwarding_rule_name ?? "",
      url_map_name: labels.url_map_name ?? "",
      backend_target_name: textOf(labels.backend_service_name) ?? "",
    },
  };
}

import { describeRefusals, describeUnsupported } from "../testing/refusals.ts";
import { LOGGING_KINDS } from "./kinds.ts";

const SDK = "@pulumi/gcp";
const SINKS = "projects.sinks";
const METRICS = "projects.metrics";

describeRefusals(
  LOGGING_KINDS,
  "gcp:logging/projectSink:ProjectSink",
  {
    name: "errors",
    destination: "pubsub.googleapis.com/projects/acme/topics/t",
    filter: 'severity>=ERROR AND resource.labels.service_name!="slack"',
    exclusions: [{ name: "noise", filter: "severity<ERROR" }],
  },
  [
    [{ name: "-errors" }, "name must have 1 to 100 letters", SINKS],
    [{ destination: "projects/acme/topics/t" }, "destination must be a destination such as", SINKS],
    [{ destination: "pubsub.googleapis.com/topics/t" }, "destination must be a destination such as", SINKS],
    [
      { filter: "severity>=LOUD" },
      "filter must be a filter of Logging's query language, and it compares severity",
      SINKS,
    ],
    [
      { filter: `textPayload="${"x".repeat(20_000)}"` },
      "filter must be a filter of Logging's query language, and it has 20014 characters",
      SINKS,
    ],
    [
      { "exclusions[0].filter": "(" },
      "exclusions[noise].filter must be a filter of Logging's query language, and it ends too early",
      SINKS,
    ],
    [
      { "exclusions[1]": { name: "noise", filter: "severity=INFO" } },
      "exclusions[1].name must be the only one of its value",
      SINKS,
    ],
    [
      { "bigqueryOptions.usePartitionedTables": true },
      "bigqueryOptions must be absent unless the destination is a dataset",
      SINKS,
    ],
    [
      { uniqueWriterIdentity: false, customWriterIdentity: "serviceAccount:a@b.iam.gserviceaccount.com" },
      "customWriterIdentity must be absent where uniqueWriterIdentity is false",
      SINKS,
    ],
  ],
);

describeRefusals(
  LOGGING_KINDS,
  "gcp:logging/projectSink:ProjectSink",
  { name: "rows", destination: "bigquery.googleapis.com/projects/acme/datasets/d" },
  [
    [
      { uniqueWriterIdentity: false, bigqueryOptions: { usePartitionedTables: true } },
      "uniqueWriterIdentity must be true beside bigqueryOptions",
      "dest-auth",
    ],
    [
      { uniqueWriterIdentity: false, destination: "pubsub.googleapis.com/projects/other/topics/t" },
      "uniqueWriterIdentity must be true where the destination is of another project, other",
      "dest-auth",
    ],
    [
      { customWriterIdentity: "serviceAccount:a@b.iam.gserviceaccount.com" },
      "customWriterIdentity must be absent unless the destination is a bucket of Logging",
      SINKS,
    ],
  ],
);

const TEAM = { key: "team", valueType: "STRING" };

describeRefusals(
  LOGGING_KINDS,
  "gcp:logging/metric:Metric",
  {
    name: "drops",
    filter: "severity>=ERROR",
    metricDescriptor: { metricKind: "DELTA", valueType: "INT64", labels: [TEAM] },
    labelExtractors: { team: "EXTRACT(labels.team)" },
  },
  [
    [
      { "labelExtractors.service": "EXTRACT(resource.labels.service_name)" },
      "labelExtractors.service must be described among metricDescriptor.labels, as service",
      METRICS,
    ],
    [
      { "metricDescriptor.labels[1]": { key: "zone" } },
      "metricDescriptor.labels[1].key must have an extractor among labelExtractors",
      METRICS,
      "bucketOptions",
    ],
    [{ "labelExtractors.team": "labels.team" }, "labelExtractors.team must be EXTRACT(FIELD)", METRICS],
    [
      { valueExtractor: "EXTRACT(jsonPayload.ms)" },
      "valueExtractor must be absent unless the metric is a DISTRIBUTION",
      METRICS,
      "bucketOptions",
    ],
  ],
);

describeRefusals(LOGGING_KINDS, "gcp:logging/metric:Metric", { name: "drops", filter: "severity>=ERROR" }, [
  [{ name: "/drops" }, "name must have 1 to 100 letters", METRICS],
  [
    { filter: "severity>=" },
    "filter must be a filter of Logging's query language, and it ends too early",
    METRICS,
  ],
  [
    { metricDescriptor: { metricKind: "GAUGE", valueType: "INT64" } },
    "metricDescriptor.metricKind must be one of DELTA",
    METRICS,
  ],
  [
    { metricDescriptor: { metricKind: "DELTA", valueType: "BYTES" } },
    "metricDescriptor.valueType must be one of BOOL, INT64",
    SDK,
  ],
  [
    { metricDescriptor: { metricKind: "DELTA", valueType: "DISTRIBUTION" } },
    "valueExtractor must be set where the metric is a DISTRIBUTION",
    METRICS,
  ],
]);

describeUnsupported(LOGGING_KINDS, "gcp:logging/projectSink:ProjectSink", [
  [{ destination: "storage.googleapis.com/logs" }, ["destination"]],
  [{ destination: "pubsub.googleapis.com/projects/p/topics/t", filter: "sample(insertId, 0.1)" }, ["filter"]],
]);

describeUnsupported(LOGGING_KINDS, "gcp:logging/metric:Metric", [
  [{ filter: "severity>=ERROR", valueExtractor: "EXTRACT(x)" }, ["valueExtractor"]],
]);

import { count, unique } from "../../../review/rules/lists.ts";
import { exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { cite, inObject, type Report } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import { isProperties, listed, nested, text, UNKNOWN } from "../../../review/rules/values.ts";
import type { Kind } from "../../provider/kind.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { LOG_FILTER } from "../monitoring/alert-conditions.ts";
import { LOG_METRIC_KIND } from "../monitoring/log-metrics.ts";
import { filterProblem, unsupportedInFilter } from "./filter.ts";
import { SINK_KIND, topicOf, writerIdentity } from "./sinks.ts";

const SINKS = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks";
const METRICS = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics";

const SINK_NAME = matching(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
  "must have 1 to 100 letters, digits, underscores, dashes and dots, and begin with a letter or digit",
);
const DESTINATION = matching(
  /^(storage\.googleapis\.com\/[^/]+|bigquery\.googleapis\.com\/projects\/[^/]+\/datasets\/[^/]+|pubsub\.googleapis\.com\/projects\/[^/]+\/topics\/[^/]+|logging\.googleapis\.com\/projects\/[^/]+(\/locations\/[^/]+\/buckets\/[^/]+)?)$/,
  "must be a destination such as pubsub.googleapis.com/projects/P/topics/T, storage.googleapis.com/BUCKET, bigquery.googleapis.com/projects/P/datasets/D or logging.googleapis.com/projects/P/locations/L/buckets/B",
);

const projectSink: Kind = {
  token: SINK_KIND,
  autoname: { property: "name", maxLength: 100, source: SINKS },
  defaults: () => ({ uniqueWriterIdentity: true }),
  rules: [
    cite(SINKS, {
      name: SINK_NAME,
      destination: DESTINATION,
      description: characters({ to: 8_000 }),
      filter: LOG_FILTER,
      exclusions: [count({ to: 50, what: "exclusions" }), unique("name")],
      "exclusions[].name": SINK_NAME,
      "exclusions[].filter": LOG_FILTER,
      "": inObject(({ bigqueryOptions, destination, customWriterIdentity, uniqueWriterIdentity }, report) => {
        const isBigQuery = typeof destination === "string" && destination.startsWith("bigquery.");
        if (presence(bigqueryOptions) === "set" && destination !== UNKNOWN && !isBigQuery) {
          report("bigqueryOptions", "must be absent unless the destination is a dataset of BigQuery");
        }
        if (presence(customWriterIdentity) === "set" && uniqueWriterIdentity === false) {
          report("customWriterIdentity", "must be absent where uniqueWriterIdentity is false");
        }
      }),
    }),
  ],
  unsupported(inputs, report) {
    const { destination, filter, customWriterIdentity } = inputs;
    if (typeof destination === "string" && topicOf(destination) === undefined) {
      report(
        "destination",
        "must be a topic, pubsub.googleapis.com/projects/P/topics/T: the local cloud has no other sinks",
      );
    }
    if (customWriterIdentity !== undefined) {
      report(
        "customWriterIdentity",
        "must be absent: sinks of the local cloud write as Logging's own account",
      );
    }
    reportUnsupported(filter, "filter", report);
    for (const [index, exclusion] of listed(inputs, "exclusions").entries()) {
      if (isProperties(exclusion)) reportUnsupported(exclusion.filter, `exclusions[${index}].filter`, report);
    }
  },
  id: (inputs) => `${projectId(inputs)}/sinks/${text(inputs, "name")}`,
  outputs: ({ inputs }) => ({
    writerIdentity: `serviceAccount:${writerIdentity(
      lastSegment(text(inputs, "project")),
      inputs.uniqueWriterIdentity !== false,
    )}`,
  }),
  volatile: ["writerIdentity"],
};

const metric: Kind = {
  token: LOG_METRIC_KIND,
  autoname: { property: "name", maxLength: 100, source: METRICS },
  rules: [
    cite(METRICS, {
      name: matching(
        /^(?!\/)[A-Za-z0-9_.,+!*'()%/-]{1,100}$/,
        "must have 1 to 100 letters, digits and any of _-.,+!*'()%/, and not begin with a slash",
      ),
      description: characters({ to: 8_000 }),
      filter: LOG_FILTER,
      "metricDescriptor.metricKind": oneOf("DELTA"),
      "metricDescriptor.labels": [count({ to: 10, what: "labels" }), unique("key")],
      "metricDescriptor.labels[].valueType": oneOf("BOOL", "INT64", "STRING"),
      bucketOptions: exactlyOneOf("explicitBuckets", "exponentialBuckets", "linearBuckets"),
      "": inObject((inputs, report) => {
        const { valueType } = nested(inputs, "metricDescriptor");
        if (valueType === "DISTRIBUTION" && presence(inputs.valueExtractor) === "absent") {
          report("valueExtractor", "must be set where the metric is a DISTRIBUTION");
        }
      }),
    }),
  ],
  unsupported(inputs, report) {
    for (const property of ["bucketOptions", "labelExtractors", "valueExtractor"]) {
      if (inputs[property] !== undefined)
        report(property, "must be absent: the local cloud counts entries, and no more");
    }
    const { valueType } = nested(inputs, "metricDescriptor");
    if (typeof valueType === "string" && valueType !== "INT64") {
      report("metricDescriptor.valueType", "must be INT64: the local cloud counts entries, and no more");
    }
    reportUnsupported(inputs.filter, "filter", report);
  },
  id: (inputs) => text(inputs, "name"),
};

export const LOGGING_KINDS: readonly Kind[] = [projectSink, metric];

function reportUnsupported(filter: unknown, path: string, report: Report): void {
  if (typeof filter !== "string" || filterProblem(filter) !== undefined) return;
  const problem = unsupportedInFilter(filter);
  if (problem !== undefined) report(path, `must be one that the local cloud evaluates, and it ${problem}`);
}

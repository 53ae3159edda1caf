import { count, unique } from "../../../review/rules/lists.ts";
import { exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import { nested, UNKNOWN } from "../../../review/rules/values.ts";
import { filterProblem } from "./filter-rules.ts";

export const SINKS = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks";
export const METRICS = "https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics";

/** A filter of Logging, here and in alerts on logs. */
export const LOG_FILTER = ofText((text) => {
  const problem = filterProblem(text);
  return problem && `must be a filter of Logging's query language, and it ${problem}`;
});
const SINK_NAME = matching(
  /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/,
  "must have 1 to 100 letters, digits, underscores, dashes and dots, and begin with a letter or digit",
);
const DESTINATION = matching(
  /^(storage\.googleapis\.com\/[^/]+|bigquery\.googleapis\.com\/projects\/[^/]+\/datasets\/[^/]+|pubsub\.googleapis\.com\/projects\/[^/]+\/topics\/[^/]+|logging\.googleapis\.com\/projects\/[^/]+(\/locations\/[^/]+\/buckets\/[^/]+)?)$/,
  "must be a destination such as pubsub.googleapis.com/projects/P/topics/T, storage.googleapis.com/BUCKET, bigquery.googleapis.com/projects/P/datasets/D or logging.googleapis.com/projects/P/locations/L/buckets/B",
);

export const SINK_RULES: readonly CitedRules[] = [
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
];

export const LOG_METRIC_RULES: readonly CitedRules[] = [
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
];

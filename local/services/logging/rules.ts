import { count, unique } from "../../../review/rules/lists.ts";
import { childPath } from "../../../review/rules/paths.ts";
import { exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import {
  hasUnknown,
  isProperties,
  listed,
  nested,
  type Properties,
  UNKNOWN,
  type Value,
} from "../../../review/rules/values.ts";
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

const LABEL_KEY = matching(
  /^[a-zA-Z][a-zA-Z0-9_]{0,99}$/,
  "must have 1 to 100 letters, digits and underscores, and begin with a letter",
);
const EXTRACTOR = matching(
  /^\s*(EXTRACT\(.+\)|REGEXP_EXTRACT\(.+,.+\))\s*$/s,
  "must be EXTRACT(FIELD) or REGEXP_EXTRACT(FIELD, EXPRESSION)",
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
      } else if (presence(customWriterIdentity) === "set" && !isLogBucket(destination)) {
        report("customWriterIdentity", "must be absent unless the destination is a bucket of Logging");
      }
    }),
  }),
  cite("https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth", {
    "": inObject(({ bigqueryOptions, destination, project, uniqueWriterIdentity }, report) => {
      if (uniqueWriterIdentity !== false) return;
      const [, other] = /\/projects\/([a-z][^/]*)\//.exec(String(destination)) ?? [];
      if (presence(bigqueryOptions) === "set")
        report("uniqueWriterIdentity", "must be true beside bigqueryOptions");
      else if (other !== undefined && typeof project === "string" && other !== project)
        report("uniqueWriterIdentity", `must be true where the destination is of another project, ${other}`);
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
    "metricDescriptor.labels[].key": LABEL_KEY,
    bucketOptions: exactlyOneOf("explicitBuckets", "exponentialBuckets", "linearBuckets"),
    valueExtractor: EXTRACTOR,
    "labelExtractors{}": EXTRACTOR,
    "": [inObject(checkDistribution), inObject(checkLabels)],
  }),
];

/** Values and buckets are of a distribution; what counts entries has neither. */
function checkDistribution(inputs: Properties, report: Report): void {
  if (inputs.metricDescriptor === UNKNOWN) return;
  const { valueType = "INT64" } = nested(inputs, "metricDescriptor");
  if (valueType === "DISTRIBUTION" && presence(inputs.valueExtractor) === "absent") {
    report("valueExtractor", "must be set where the metric is a DISTRIBUTION");
  }
  if (valueType !== "INT64") return;
  for (const name of ["valueExtractor", "bucketOptions"]) {
    if (presence(inputs[name]) === "set") report(name, "must be absent unless the metric is a DISTRIBUTION");
  }
}

/** Each label is described, and says where in an entry it is found. */
function checkLabels(inputs: Properties, report: Report): void {
  const { metricDescriptor, labelExtractors = {} } = inputs;
  if (hasUnknown(metricDescriptor) || labelExtractors === UNKNOWN) return;
  const described = listed(nested(inputs, "metricDescriptor"), "labels").map((label) =>
    isProperties(label) ? label.key : label,
  );
  const extracted = Object.keys(nested({ labelExtractors }, "labelExtractors"));
  for (const [index, key] of described.entries()) {
    if (typeof key === "string" && !extracted.includes(key))
      report(`metricDescriptor.labels[${index}].key`, "must have an extractor among labelExtractors");
  }
  for (const key of extracted) {
    if (!described.includes(key))
      report(childPath("labelExtractors", key), `must be described among metricDescriptor.labels, as ${key}`);
  }
}

function isLogBucket(destination: Value | undefined): boolean {
  return typeof destination !== "string" || destination.startsWith("logging.");
}

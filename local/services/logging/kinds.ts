import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, nested, text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { lastSegment, projectId } from "../google/names.ts";
import { LOG_METRIC_KIND } from "../monitoring/log-metrics.ts";
import { unsupportedInFilter } from "./filter.ts";
import { filterProblem } from "./filter-rules.ts";
import { LOG_METRIC_RULES, METRICS, SINK_RULES, SINKS } from "./rules.ts";
import { SINK_KIND, topicOf, writerIdentity } from "./sinks.ts";

const projectSink: KindEntry = {
  token: SINK_KIND,
  autoname: { property: "name", maxLength: 100, source: SINKS },
  defaults: () => ({ uniqueWriterIdentity: true }),
  rules: SINK_RULES,
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

const metric: KindEntry = {
  token: LOG_METRIC_KIND,
  autoname: { property: "name", maxLength: 100, source: METRICS },
  rules: LOG_METRIC_RULES,
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

export const LOGGING_KINDS = googleKinds(
  import.meta.dirname,
  ["logging.googleapis.com"],
  [projectSink, metric],
);

function reportUnsupported(filter: unknown, path: string, report: Report): void {
  if (typeof filter !== "string" || filterProblem(filter) !== undefined) return;
  const problem = unsupportedInFilter(filter);
  if (problem !== undefined) report(path, `must be one that the local cloud evaluates, and it ${problem}`);
}

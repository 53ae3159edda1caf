import { between, duration, whole } from "../../../review/rules/numbers.ts";
import { atLeastOneOf, exactlyOneOf, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { characters, matching, oneOf } from "../../../review/rules/text.ts";
import { METRIC_FILTER } from "./condition-rules.ts";

const SERVICES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services";
const OBJECTIVES = "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives";
const DASHBOARDS = "https://cloud.google.com/monitoring/api/ref_v1/rest/v1/projects.dashboards";
const ID = matching(/^[a-z0-9-]{1,63}$/, "must have 1 to 63 lower-case letters, digits and hyphens");
const LAYOUTS = ["columnLayout", "gridLayout", "mosaicLayout", "rowLayout"];
const RATIO = "requestBasedSli.goodTotalRatio";

export const SERVICE_RULES: readonly CitedRules[] = [
  cite(SERVICES, { serviceId: ID, displayName: characters({ to: 512 }) }),
];

export const OBJECTIVE_RULES: readonly CitedRules[] = [
  cite(OBJECTIVES, {
    sloId: ID,
    displayName: characters({ to: 512 }),
    goal: between({ from: 0.000_1, to: 0.999_9, what: "as a goal" }),
    rollingPeriodDays: whole({ from: 1, to: 30, what: "days" }),
    calendarPeriod: oneOf("DAY", "WEEK", "FORTNIGHT", "MONTH"),
    "": [
      exactlyOneOf("rollingPeriodDays", "calendarPeriod"),
      exactlyOneOf("basicSli", "requestBasedSli", "windowsBasedSli"),
    ],
    basicSli: exactlyOneOf("availability", "latency"),
    requestBasedSli: exactlyOneOf("distributionCut", "goodTotalRatio"),
    "requestBasedSli.distributionCut.range": atLeastOneOf("min", "max"),
    windowsBasedSli: exactlyOneOf(
      "goodBadMetricFilter",
      "goodTotalRatioThreshold",
      "metricMeanInRange",
      "metricSumInRange",
    ),
    "windowsBasedSli.windowPeriod": duration({ from: 60, to: 86_400, what: "a window" }),
    "windowsBasedSli.goodTotalRatioThreshold": exactlyOneOf("basicSliPerformance", "performance"),
    "windowsBasedSli.goodTotalRatioThreshold.performance": exactlyOneOf("distributionCut", "goodTotalRatio"),
    "windowsBasedSli.metricMeanInRange.range": atLeastOneOf("min", "max"),
    "windowsBasedSli.metricSumInRange.range": atLeastOneOf("min", "max"),
    [RATIO]: inObject((ratio, report) => {
      const names = ["badServiceFilter", "goodServiceFilter", "totalServiceFilter"];
      const given = names.filter((name) => presence(ratio[name]) !== "absent");
      if (given.length !== 2) report("", `must hold two of ${names.join(", ")}`);
    }),
    [`${RATIO}.badServiceFilter`]: METRIC_FILTER,
    [`${RATIO}.goodServiceFilter`]: METRIC_FILTER,
    [`${RATIO}.totalServiceFilter`]: METRIC_FILTER,
  }),
];

export const DASHBOARD_RULES: readonly CitedRules[] = [
  cite(DASHBOARDS, { dashboardJson: ofText(dashboardProblem) }),
];

/** As far as can be told without each widget's own form. */
function dashboardProblem(text: string): string | undefined {
  let dashboard: Record<string, unknown>;
  try {
    dashboard = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return "must be JSON";
  }
  if (typeof dashboard !== "object" || dashboard === null) return "must be an object in JSON";
  if (typeof dashboard.displayName !== "string" || dashboard.displayName === "")
    return "must have a displayName";
  const layouts = LAYOUTS.filter((layout) => dashboard[layout] !== undefined);
  return layouts.length === 1 ? undefined : `must have one of ${LAYOUTS.join(", ")}`;
}

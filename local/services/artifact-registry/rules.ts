import { region } from "../../../review/rules/google/regions.ts";
import { unique } from "../../../review/rules/lists.ts";
import { seconds, whole } from "../../../review/rules/numbers.ts";
import { atMostOneOf, dependent, exactlyOneOf, onlyWhere, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { oneOf, rfc1035Label } from "../../../review/rules/text.ts";
import { nested, type Properties } from "../../../review/rules/values.ts";

const REPOSITORIES =
  "https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories";
const LOCATIONS = "https://cloud.google.com/artifact-registry/docs/repositories/repo-locations";
/** Where repositories are. */
export const REPOSITORY_LOCATION = cite(LOCATIONS, { location: region({ or: ["asia", "europe", "us"] }) });
const FORMATS = ["DOCKER", "MAVEN", "NPM", "APT", "YUM", "PYTHON", "KFP", "GO", "GENERIC", "RUBY", "GOOGET"];
/** What a remote repository of each format is described by; one of any format may have a common upstream. */
const REMOTES: Readonly<Record<string, string>> = {
  APT: "aptRepository",
  DOCKER: "dockerRepository",
  MAVEN: "mavenRepository",
  NPM: "npmRepository",
  PYTHON: "pythonRepository",
  YUM: "yumRepository",
};
const AGE = ofText((age) =>
  seconds(age) >= 0 || /^\d+d$/.test(age) ? undefined : 'must be a duration such as "2592000s" or "30d"',
);

export const REPOSITORY_RULES: readonly CitedRules[] = [
  REPOSITORY_LOCATION,
  cite(REPOSITORIES, {
    repositoryId: rfc1035Label(),
    format: ofText((format) =>
      FORMATS.includes(format.toUpperCase()) ? undefined : `must be one of ${FORMATS.join(", ")}`,
    ),
    mode: oneOf("STANDARD_REPOSITORY", "VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY"),
    "": [
      dependent("mode", ["REMOTE_REPOSITORY"], { required: ["remoteRepositoryConfig"] }),
      dependent("mode", ["VIRTUAL_REPOSITORY"], { required: ["virtualRepositoryConfig"] }),
      onlyWhere("mode", ["REMOTE_REPOSITORY"], "remoteRepositoryConfig"),
      onlyWhere("mode", ["VIRTUAL_REPOSITORY"], "virtualRepositoryConfig"),
      inObject(checkFormat),
    ],
    remoteRepositoryConfig: exactlyOneOf(...Object.values(REMOTES), "commonRepository"),
    ...Object.fromEntries(
      Object.values(REMOTES).map((remote) => [
        `remoteRepositoryConfig.${remote}`,
        atMostOneOf("publicRepository", "customRepository"),
      ]),
    ),
    "virtualRepositoryConfig.upstreamPolicies": unique("id"),
  }),
  cite("https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy", {
    cleanupPolicies: unique("id"),
    "cleanupPolicies[]": [
      atMostOneOf("condition", "mostRecentVersions"),
      onlyWhere("action", ["KEEP"], "mostRecentVersions"),
    ],
    "cleanupPolicies[].condition.olderThan": AGE,
    "cleanupPolicies[].condition.newerThan": AGE,
    "cleanupPolicies[].mostRecentVersions.keepCount": whole({ from: 1, to: 100_000, what: "versions" }),
  }),
];

/** What is of one format alone is of no other. */
function checkFormat(inputs: Properties, report: Report): void {
  if (typeof inputs.format !== "string") return;
  const format = inputs.format.toUpperCase();
  for (const [name, its] of [
    ["dockerConfig", "DOCKER"],
    ["mavenConfig", "MAVEN"],
  ] as const) {
    if (format !== its && presence(inputs[name]) === "set")
      report(name, `must be absent unless format is ${its}`);
  }
  const config = nested(inputs, "remoteRepositoryConfig");
  for (const [its, remote] of Object.entries(REMOTES)) {
    if (format !== its && presence(config[remote]) === "set")
      report(`remoteRepositoryConfig.${remote}`, `must be absent unless format is ${its}`);
  }
}

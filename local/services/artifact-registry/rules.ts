import { region } from "../../../review/rules/google/regions.ts";
import { unique } from "../../../review/rules/lists.ts";
import { seconds, whole } from "../../../review/rules/numbers.ts";
import { dependent } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, ofText } from "../../../review/rules/rule.ts";
import { oneOf, rfc1035Label } from "../../../review/rules/text.ts";

const REPOSITORIES =
  "https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories";
const LOCATIONS = "https://cloud.google.com/artifact-registry/docs/repositories/repo-locations";
/** Where repositories are. */
export const REPOSITORY_LOCATION = cite(LOCATIONS, { location: region({ or: ["asia", "europe", "us"] }) });
const AGE = ofText((age) =>
  seconds(age) >= 0 || /^\d+d$/.test(age) ? undefined : 'must be a duration such as "2592000s" or "30d"',
);

export const REPOSITORY_RULES: readonly CitedRules[] = [
  REPOSITORY_LOCATION,
  cite(REPOSITORIES, {
    repositoryId: rfc1035Label(),
    format: oneOf("DOCKER", "MAVEN", "NPM", "APT", "YUM", "PYTHON", "KFP", "GO", "GENERIC"),
    mode: oneOf("STANDARD_REPOSITORY", "VIRTUAL_REPOSITORY", "REMOTE_REPOSITORY"),
    "": dependent("mode", ["REMOTE_REPOSITORY"], { required: ["remoteRepositoryConfig"] }),
  }),
  cite("https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy", {
    cleanupPolicies: unique("id"),
    "cleanupPolicies[].condition.olderThan": AGE,
    "cleanupPolicies[].condition.newerThan": AGE,
    "cleanupPolicies[].mostRecentVersions.keepCount": whole({ from: 1, to: 100_000, what: "versions" }),
  }),
];

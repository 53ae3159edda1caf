import { region } from "../../../review/rules/google/regions.ts";
import { unique } from "../../../review/rules/lists.ts";
import { seconds, whole } from "../../../review/rules/numbers.ts";
import { dependent } from "../../../review/rules/presence.ts";
import { cite, ofText } from "../../../review/rules/rule.ts";
import { oneOf, rfc1035Label } from "../../../review/rules/text.ts";
import { text } from "../../../review/rules/values.ts";
import type { Kind } from "../../provider/kind.ts";
import { projectId } from "../google/names.ts";

const REPOSITORIES =
  "https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories";
const LOCATIONS = "https://cloud.google.com/artifact-registry/docs/repositories/repo-locations";
/** Where repositories are. */
export const REPOSITORY_LOCATION = cite(LOCATIONS, { location: region({ or: ["asia", "europe", "us"] }) });
const AGE = ofText((age) =>
  seconds(age) >= 0 || /^\d+d$/.test(age) ? undefined : 'must be a duration such as "2592000s" or "30d"',
);

const repository: Kind = {
  token: "gcp:artifactregistry/repository:Repository",
  recorded:
    "A registry that images and packages can be pushed to and pulled from, with its cleanup policies.",
  defaults: (_inputs, { region }) => ({ mode: "STANDARD_REPOSITORY", ...(region && { location: region }) }),
  rules: [
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
  ],
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/repositories/${text(inputs, "repositoryId")}`,
  known: ({ repositoryId }) => (typeof repositoryId === "string" ? { name: repositoryId } : {}),
  outputs: ({ id, inputs }) => {
    const [, project, , location, , name] = id.split("/");
    const format = text(inputs, "format").toLowerCase();
    return { registryUri: `${location}-${format}.pkg.dev/${project}/${name}` };
  },
};

export const ARTIFACT_REGISTRY_KINDS: readonly Kind[] = [repository];

import { describeRefusals } from "../testing/refusals.ts";
import { ARTIFACT_REGISTRY_KINDS } from "./kinds.ts";

const CLEANUP = "artifact-registry/docs/repositories/cleanup-policy";

describeRefusals(
  ARTIFACT_REGISTRY_KINDS,
  "gcp:artifactregistry/repository:Repository",
  { repositoryId: "images", format: "DOCKER" },
  [
    [
      { repositoryId: "Images" },
      "repositoryId must be 1 to 63 lower-case letters",
      "artifact-registry/docs/reference",
    ],
    [
      { location: "mars" },
      "location must be a region of Google Cloud such as europe-west1, or one of asia, europe, us",
      "artifact-registry/docs/repositories/repo-locations",
    ],
    [{ format: "ZIP" }, "format must be one of DOCKER", "artifact-registry/docs/reference"],
    [
      { mode: "REMOTE_REPOSITORY" },
      "remoteRepositoryConfig must be set where mode is REMOTE_REPOSITORY",
      "artifact-registry/docs/reference",
    ],
    [{ cleanupPolicies: [{ id: "a", action: "DROP" }] }, "cleanupPolicies[0].action must be one of", ""],
    [
      { cleanupPolicies: [{ id: "a", action: "DELETE", condition: { olderThan: "30 days" } }] },
      "cleanupPolicies[0].condition.olderThan must be a duration",
      CLEANUP,
    ],
    [
      {
        cleanupPolicies: [
          { id: "a", action: "KEEP" },
          { id: "a", action: "DELETE" },
        ],
      },
      "cleanupPolicies[1].id must be the only one",
      CLEANUP,
    ],
    [
      { cleanupPolicies: [{ id: "a", action: "KEEP", mostRecentVersions: { keepCount: 0 } }] },
      "cleanupPolicies[0].mostRecentVersions.keepCount must be a whole number from 1",
      CLEANUP,
    ],
  ],
);

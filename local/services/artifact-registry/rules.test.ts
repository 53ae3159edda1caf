import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
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

describeRefusals(
  ARTIFACT_REGISTRY_KINDS,
  "gcp:artifactregistry/repository:Repository",
  { repositoryId: "code", format: "npm", location: "europe-west1" },
  [
    [
      { mode: "VIRTUAL_REPOSITORY" },
      "virtualRepositoryConfig must be set where mode is VIRTUAL_REPOSITORY",
      "artifact-registry/docs/reference",
    ],
    [
      { virtualRepositoryConfig: {} },
      "virtualRepositoryConfig must be absent unless mode is VIRTUAL_REPOSITORY",
      "artifact-registry/docs/reference",
    ],
    [
      { mode: "REMOTE_REPOSITORY", remoteRepositoryConfig: { description: "of nothing" } },
      "remoteRepositoryConfig.aptRepository must be set, or dockerRepository",
      "artifact-registry/docs/reference",
    ],
    [
      {
        mode: "REMOTE_REPOSITORY",
        remoteRepositoryConfig: { dockerRepository: { publicRepository: "DOCKER_HUB" } },
      },
      "remoteRepositoryConfig.dockerRepository must be absent unless format is DOCKER",
      "artifact-registry/docs/reference",
    ],
    [{ dockerConfig: { immutableTags: true } }, "dockerConfig must be absent unless format is DOCKER", ""],
    [
      { cleanupPolicies: [{ id: "a", action: "DELETE", mostRecentVersions: { keepCount: 1 } }] },
      "cleanupPolicies[0].mostRecentVersions must be absent unless action is KEEP",
      CLEANUP,
      "labels",
    ],
  ],
);

describeAcceptance(
  ARTIFACT_REGISTRY_KINDS,
  "gcp:artifactregistry/repository:Repository",
  { repositoryId: "code", location: "europe-west1", mode: "REMOTE_REPOSITORY" },
  [
    {
      format: "APT",
      "remoteRepositoryConfig.aptRepository.publicRepository": {
        repositoryBase: "DEBIAN",
        repositoryPath: "debian/dists/stable",
      },
    },
    { format: "go", "remoteRepositoryConfig.commonRepository.uri": "https://proxy.golang.test" },
  ],
);

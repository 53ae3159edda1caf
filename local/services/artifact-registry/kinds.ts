import { text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { customerKeys } from "../kms/customer-keys.ts";
import { REPOSITORY_RULES } from "./rules.ts";

const repository: KindEntry = {
  token: "gcp:artifactregistry/repository:Repository",
  holds: "data",
  ...customerKeys([
    {
      at: "kmsKeyName",
      agent: "gcp-sa-artifactregistry",
      placeOf: ({ location }) => location,
      source: "https://cloud.google.com/artifact-registry/docs/cmek",
    },
  ]),
  recorded:
    "A registry that images and packages can be pushed to and pulled from, with its cleanup policies.",
  defaults: (_inputs, { region }) => ({ mode: "STANDARD_REPOSITORY", ...(region && { location: region }) }),
  rules: REPOSITORY_RULES,
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/repositories/${text(inputs, "repositoryId")}`,
  known: ({ repositoryId }) => (typeof repositoryId === "string" ? { name: repositoryId } : {}),
  outputs: ({ id, inputs }) => {
    const [, project, , location, , name] = id.split("/");
    const format = text(inputs, "format").toLowerCase();
    return { registryUri: `${location}-${format}.pkg.dev/${project}/${name}` };
  },
};

export const ARTIFACT_REGISTRY_KINDS = googleKinds(
  import.meta.dirname,
  ["artifactregistry.googleapis.com"],
  [repository],
);

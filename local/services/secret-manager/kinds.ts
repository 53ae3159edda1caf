import { listed, nested, type Properties, text } from "../../../review/rules/values.ts";
import type { ResourceView } from "../../kernel/contract.ts";
import { projectNumber } from "../../kernel/project-number.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { idIn, lastSegment, projectId } from "../google/names.ts";
import { customerKeys } from "../kms/customer-keys.ts";
import { SECRET_RULES, SECRET_VERSION_RULES, SECRETS } from "./rules.ts";

const SECRET = "gcp:secretmanager/secret:Secret";
const SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion";

const CMEK = "https://cloud.google.com/secret-manager/docs/cmek";

const secret: KindEntry = {
  token: SECRET,
  holds: "data",
  ...customerKeys([
    {
      at: "replication.auto.customerManagedEncryption.kmsKeyName",
      agent: "gcp-sa-secretmanager",
      placeOf: () => "global",
      source: CMEK,
    },
    {
      at: "replication.userManaged.replicas[].customerManagedEncryption.kmsKeyName",
      agent: "gcp-sa-secretmanager",
      placeOf: replicaOf,
      source: CMEK,
    },
  ]),
  autoname: { property: "secretId", maxLength: 255, source: SECRETS },
  assigned: { expireTime: "", versionAliases: {} },
  rules: SECRET_RULES,
  unsupported(inputs, report) {
    for (const property of ["ttl", "expireTime", "rotation", "versionAliases", "versionDestroyTtl"]) {
      if (inputs[property] !== undefined)
        report(property, "must be absent: the local Secret Manager cannot do it");
    }
  },
  id: (inputs) => `${projectId(inputs)}/secrets/${text(inputs, "secretId")}`,
  outputs: ({ inputs }) => ({
    name: `projects/${projectNumber(text(inputs, "project"))}/secrets/${text(inputs, "secretId")}`,
  }),
};

const secretVersion: KindEntry = {
  token: SECRET_VERSION,
  references: { secret: [SECRET] },
  defaults({ secret: parent }) {
    const project = typeof parent === "string" ? /^projects\/([^/]+)\//.exec(parent)?.[1] : undefined;
    return { enabled: true, ...(project !== undefined && { project }) };
  },
  rules: SECRET_VERSION_RULES,
  unsupported({ enabled, deletionPolicy }, report) {
    if (enabled === false)
      report("enabled", "must be true: the local Secret Manager has no disabled versions");
    if (deletionPolicy === "DISABLE") report("deletionPolicy", "must be DELETE, ABANDON or PREVENT");
  },
  chosenId: true,
  id: versionId,
  outputs: ({ id }) => ({ name: id, version: lastSegment(id), destroyTime: "" }),
};

export const SECRET_KINDS = googleKinds(
  import.meta.dirname,
  ["secretmanager.googleapis.com"],
  [secret, secretVersion],
);

/** Where the replica is whose key stands at a path. */
function replicaOf({ replication }: Properties, path: string): unknown {
  const index = Number(/replicas\[(\d+)\]/.exec(path)?.[1]);
  const replica = listed(nested(nested({ replication }, "replication"), "userManaged"), "replicas")[index];
  return nested({ replica: replica ?? null }, "replica").location;
}

/** The number that these very data already have, or the next one of the secret. */
function versionId(inputs: Properties, urn: string, resources: ResourceView): string {
  const prefix = `${idIn(inputs, "secrets", "secret")}/versions/`;
  const versions = resources.list(SECRET_VERSION).filter(({ id }) => id.startsWith(prefix));
  const made = versions.find(
    (version) =>
      version.urn === urn &&
      ["secretData", "secretDataWo", "secretDataWoVersion"].every(
        (name) => version.properties[name] === inputs[name],
      ),
  );
  return made?.id ?? `${prefix}${Math.max(0, ...versions.map(({ id }) => Number(lastSegment(id)))) + 1}`;
}

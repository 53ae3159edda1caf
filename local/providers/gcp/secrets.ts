import type { CloudParts } from "../../cloud/parts.ts";
import { projectNumber } from "../../cloud/project-number.ts";
import type { Kind } from "../kind.ts";
import { duration } from "../rules/numbers.ts";
import { exactlyOneOf, requiredWith } from "../rules/presence.ts";
import { cite } from "../rules/rule.ts";
import { matching } from "../rules/text.ts";
import { type Properties, text } from "../values.ts";
import { idIn, lastSegment, projectId } from "./names.ts";

const KEY_RINGS = "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create";
const KEYS = "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys";
const SECRETS = "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets";
const KEY_NAME = matching(/^[A-Za-z0-9_-]{1,63}$/, "must be 1 to 63 letters, digits, dashes and underscores");

const KEY_RING = "gcp:kms/keyRing:KeyRing";
const NEVER_DELETED = "https://cloud.google.com/kms/docs/resource-hierarchy#key_rings";
const SECRET = "gcp:secretmanager/secret:Secret";
const SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion";

const keyRing: Kind = {
  token: KEY_RING,
  idOutlives: NEVER_DELETED,
  autoname: { property: "name", maxLength: 63, source: KEY_RINGS },
  rules: [cite(KEY_RINGS, { name: KEY_NAME })],
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/keyRings/${text(inputs, "name")}`,
};

const cryptoKey: Kind = {
  token: "gcp:kms/cryptoKey:CryptoKey",
  references: { keyRing: [KEY_RING] },
  idOutlives: NEVER_DELETED,
  autoname: { property: "name", maxLength: 63, source: KEYS },
  defaults: () => ({ purpose: "ENCRYPT_DECRYPT" }),
  assigned: {
    cryptoKeyBackend: "",
    destroyScheduledDuration: "2592000s",
    importOnly: false,
    keyAccessJustificationsPolicy: { allowedAccessReasons: [] },
    versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "SOFTWARE" },
  },
  rules: [
    cite(KEYS, {
      name: KEY_NAME,
      keyRing: matching(
        /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+$/,
        "must be projects/P/locations/L/keyRings/R",
      ),
      rotationPeriod: duration({ from: 86_400, to: Number.POSITIVE_INFINITY, what: "a day" }),
    }),
  ],
  unsupported(inputs, report) {
    const { purpose } = inputs;
    if (typeof purpose === "string" && purpose !== "ENCRYPT_DECRYPT") {
      report("purpose", "must be ENCRYPT_DECRYPT: the local KMS has no other keys");
    }
    for (const property of ["importOnly", "skipInitialVersionCreation"]) {
      if (inputs[property] === true)
        report(property, "must be false: every local key has a version of its own making");
    }
  },
  id: (inputs) => `${text(inputs, "keyRing")}/cryptoKeys/${text(inputs, "name")}`,
  outputs: ({ id }) => ({ primaries: [{ name: `${id}/cryptoKeyVersions/1`, state: "ENABLED" }] }),
};

const secret: Kind = {
  token: SECRET,
  autoname: { property: "secretId", maxLength: 255, source: SECRETS },
  assigned: { expireTime: "", versionAliases: {} },
  rules: [
    cite(SECRETS, {
      secretId: matching(
        /^[A-Za-z0-9_-]{1,255}$/,
        "must be 1 to 255 letters, digits, dashes and underscores",
      ),
      replication: exactlyOneOf("auto", "userManaged"),
      "": requiredWith("rotation", "topics"),
    }),
  ],
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

const secretVersion: Kind = {
  token: SECRET_VERSION,
  references: { secret: [SECRET] },
  defaults({ secret: parent }) {
    const project = typeof parent === "string" ? /^projects\/([^/]+)\//.exec(parent)?.[1] : undefined;
    return { enabled: true, ...(project !== undefined && { project }) };
  },
  rules: [
    cite("https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/secretversion/#inputs", {
      "": exactlyOneOf("secretData", "secretDataWo"),
    }),
  ],
  unsupported({ enabled, deletionPolicy }, report) {
    if (enabled === false)
      report("enabled", "must be true: the local Secret Manager has no disabled versions");
    if (deletionPolicy === "DISABLE") report("deletionPolicy", "must be DELETE, ABANDON or PREVENT");
  },
  id: versionId,
  outputs: ({ id }) => ({ name: id, version: lastSegment(id), destroyTime: "" }),
};

export const KMS_KINDS: readonly Kind[] = [keyRing, cryptoKey];
export const SECRET_KINDS: readonly Kind[] = [secret, secretVersion];

/** The number that these very data already have, or the next one of the secret. */
function versionId(inputs: Properties, urn: string, { kernel }: CloudParts): string {
  const prefix = `${idIn(inputs, "secrets", "secret")}/versions/`;
  const versions = kernel.resources.list(SECRET_VERSION).filter(({ id }) => id.startsWith(prefix));
  const made = versions.find(
    (version) =>
      version.urn === urn &&
      ["secretData", "secretDataWo", "secretDataWoVersion"].every(
        (name) => version.properties[name] === inputs[name],
      ),
  );
  return made?.id ?? `${prefix}${Math.max(0, ...versions.map(({ id }) => Number(lastSegment(id)))) + 1}`;
}

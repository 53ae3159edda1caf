import { text } from "../../../review/rules/values.ts";
import type { KindEntry } from "../../provider/kind.ts";
import { googleKinds } from "../google/google-kinds.ts";
import { projectId } from "../google/names.ts";
import { KEY_KIND } from "./customer-keys.ts";
import { CRYPTO_KEY_RULES, KEY_RING_RULES, KEY_RINGS, KEYS } from "./rules.ts";

const KEY_RING = "gcp:kms/keyRing:KeyRing";
const NEVER_DELETED = "https://cloud.google.com/kms/docs/resource-hierarchy#key_rings";

const keyRing: KindEntry = {
  token: KEY_RING,
  holds: "trust",
  idOutlives: NEVER_DELETED,
  autoname: { property: "name", maxLength: 63, source: KEY_RINGS },
  rules: KEY_RING_RULES,
  id: (inputs) =>
    `${projectId(inputs)}/locations/${text(inputs, "location")}/keyRings/${text(inputs, "name")}`,
};

const cryptoKey: KindEntry = {
  token: KEY_KIND,
  holds: "data",
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
  rules: CRYPTO_KEY_RULES,
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

export const KMS_KINDS = googleKinds(import.meta.dirname, ["cloudkms.googleapis.com"], [keyRing, cryptoKey]);

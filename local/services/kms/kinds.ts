import { isRegion } from "../../../review/rules/google/regions.ts";
import { duration } from "../../../review/rules/numbers.ts";
import { dependent, onlyWhere } from "../../../review/rules/presence.ts";
import { cite, inObject, ofText } from "../../../review/rules/rule.ts";
import { matching, oneOf } from "../../../review/rules/text.ts";
import { nested, text, UNKNOWN } from "../../../review/rules/values.ts";
import type { Kind } from "../../provider/kind.ts";
import { projectId } from "../google/names.ts";

const KEY_RING = "gcp:kms/keyRing:KeyRing";
const KEY_RINGS = "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create";
const KEYS = "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys";
const NEVER_DELETED = "https://cloud.google.com/kms/docs/resource-hierarchy#key_rings";
const DAY_SECONDS = 86_400;
/** What spans several regions. */
const WIDER = /^(global|nam-eur-asia1|(asia|eur|nam)\d{1,2}|asia|au|ca|de|eu|europe|in|it|us)$/;
const KEY_NAME = matching(/^[A-Za-z0-9_-]{1,63}$/, "must be 1 to 63 letters, digits, dashes and underscores");
/** By purpose, the algorithms of versions. */
const ALGORITHMS: Readonly<Record<string, RegExp>> = {
  ENCRYPT_DECRYPT: /^(GOOGLE_SYMMETRIC_ENCRYPTION|EXTERNAL_SYMMETRIC_ENCRYPTION)$/,
  RAW_ENCRYPT_DECRYPT: /^AES_(128|256)_(GCM|CBC|CTR)$/,
  ASYMMETRIC_SIGN: /^(RSA_SIGN_|EC_SIGN_|PQ_SIGN_)/,
  ASYMMETRIC_DECRYPT: /^RSA_DECRYPT_/,
  MAC: /^HMAC_/,
  KEY_ENCAPSULATION: /^(ML_KEM_|KEM_)/,
};

const keyRing: Kind = {
  token: KEY_RING,
  idOutlives: NEVER_DELETED,
  autoname: { property: "name", maxLength: 63, source: KEY_RINGS },
  rules: [
    cite(KEY_RINGS, { name: KEY_NAME }),
    cite("https://cloud.google.com/kms/docs/locations", {
      location: ofText((location) =>
        isRegion(location) || WIDER.test(location)
          ? undefined
          : "must be a location of Cloud KMS, in lower case: europe-west1, europe, global",
      ),
    }),
  ],
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
      purpose: oneOf(...Object.keys(ALGORITHMS)),
      rotationPeriod: duration({
        from: DAY_SECONDS,
        to: 100 * 365 * DAY_SECONDS,
        what: "a day to 100 years",
      }),
      destroyScheduledDuration: duration({ from: DAY_SECONDS, to: 120 * DAY_SECONDS, what: "1 to 120 days" }),
      "versionTemplate.protectionLevel": oneOf("SOFTWARE", "HSM", "EXTERNAL", "EXTERNAL_VPC"),
      "": [
        onlyWhere("purpose", ["ENCRYPT_DECRYPT"], "rotationPeriod"),
        dependent("importOnly", [true], {
          required: ["skipInitialVersionCreation"],
          absent: ["rotationPeriod"],
        }),
        inObject(({ purpose, versionTemplate }, report) => {
          if (typeof purpose !== "string" || versionTemplate === UNKNOWN) return;
          if (purpose !== "ENCRYPT_DECRYPT" && purpose in ALGORITHMS && versionTemplate === undefined) {
            report("versionTemplate", `must name an algorithm where purpose is ${purpose}`);
          }
        }),
      ],
    }),
    cite("https://cloud.google.com/kms/docs/reference/rest/v1/CryptoKeyVersionAlgorithm", {
      "": inObject(({ purpose, versionTemplate }, report) => {
        const { algorithm } = nested({ versionTemplate }, "versionTemplate");
        if (typeof purpose !== "string" || typeof algorithm !== "string") return;
        if (ALGORITHMS[purpose]?.test(algorithm) === false) {
          report("versionTemplate.algorithm", `must be an algorithm for ${purpose}`);
        }
      }),
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

export const KMS_KINDS: readonly Kind[] = [keyRing, cryptoKey];

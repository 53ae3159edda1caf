import { isRegion } from "../../../review/rules/google/regions.ts";
import { duration } from "../../../review/rules/numbers.ts";
import { dependent, onlyWhere, presence } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject, ofText, type Report } from "../../../review/rules/rule.ts";
import { matching, oneOf } from "../../../review/rules/text.ts";
import { nested, type Properties, UNKNOWN } from "../../../review/rules/values.ts";

export const KEY_RINGS =
  "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings/create";
export const KEYS =
  "https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys";
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

export const KEY_RING_RULES: readonly CitedRules[] = [
  cite(KEY_RINGS, { name: KEY_NAME }),
  cite("https://cloud.google.com/kms/docs/locations", {
    location: ofText((location) =>
      isRegion(location) || WIDER.test(location)
        ? undefined
        : "must be a location of Cloud KMS, in lower case: europe-west1, europe, global",
    ),
  }),
];

export const CRYPTO_KEY_RULES: readonly CitedRules[] = [
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
    "versionTemplate.protectionLevel": oneOf(
      "SOFTWARE",
      "HSM",
      "EXTERNAL",
      "EXTERNAL_VPC",
      "HSM_SINGLE_TENANT",
    ),
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
    "": [
      inObject(checkBackend),
      inObject(({ purpose, versionTemplate }, report) => {
        const { algorithm } = nested({ versionTemplate }, "versionTemplate");
        if (typeof purpose !== "string" || typeof algorithm !== "string") return;
        if (ALGORITHMS[purpose]?.test(algorithm) === false) {
          report("versionTemplate.algorithm", `must be an algorithm for ${purpose}`);
        }
      }),
    ],
    versionTemplate: inObject(({ algorithm, protectionLevel = "SOFTWARE" }, report) => {
      if (typeof algorithm !== "string" || typeof protectionLevel !== "string") return;
      const isElsewhere = protectionLevel.startsWith("EXTERNAL");
      if (algorithm === "GOOGLE_SYMMETRIC_ENCRYPTION" && isElsewhere)
        report(
          "algorithm",
          `must be EXTERNAL_SYMMETRIC_ENCRYPTION where protectionLevel is ${protectionLevel}`,
        );
      if (algorithm === "EXTERNAL_SYMMETRIC_ENCRYPTION" && !isElsewhere)
        report("algorithm", `must be one of Google's where protectionLevel is ${protectionLevel}`);
    }),
  }),
];

/** What holds the key elsewhere, or on a machine of one's own. */
function checkBackend({ cryptoKeyBackend, versionTemplate }: Properties, report: Report): void {
  if (presence(cryptoKeyBackend) !== "set" || versionTemplate === UNKNOWN) return;
  const { protectionLevel = "SOFTWARE" } = nested({ versionTemplate }, "versionTemplate");
  if (typeof protectionLevel === "string" && !["EXTERNAL_VPC", "HSM_SINGLE_TENANT"].includes(protectionLevel))
    report("cryptoKeyBackend", "must be absent unless protectionLevel is EXTERNAL_VPC");
}

import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";

const RING = "projects/acme/locations/europe-west1/keyRings/ring";
const KEYS = "/projects.locations.keyRings.cryptoKeys";

describeRefusals(GCP_KINDS, "gcp:kms/keyRing:KeyRing", { name: "backup", location: "europe-west1" }, [
  [{ name: "back.up" }, "name must be 1 to 63 letters", "/projects.locations.keyRings/create"],
  [{ name: "r".repeat(64) }, "name must be 1 to 63 letters", "/projects.locations.keyRings/create"],
  [{ location: undefined }, "location must be set", "kms.KeyRingArgs"],
  [{ location: "EU" }, "location must be a location of Cloud KMS", "/kms/docs/locations"],
  [{ location: "europe-west77" }, "location must be a location of Cloud KMS", "/kms/docs/locations"],
]);

describeAcceptance(GCP_KINDS, "gcp:kms/keyRing:KeyRing", { name: "backup" }, [
  { location: "nam-eur-asia1" },
  { location: "eur4" },
  { location: "global" },
]);

describeRefusals(
  GCP_KINDS,
  "gcp:kms/cryptoKey:CryptoKey",
  { name: "backup", keyRing: RING, purpose: "ENCRYPT_DECRYPT", rotationPeriod: "7776000s" },
  [
    [{ name: "back up" }, "name must be 1 to 63 letters", KEYS],
    [{ keyRing: "ring" }, "keyRing must be projects/P/locations/L/keyRings/R", KEYS],
    [{ purpose: "ENCRYPT", rotationPeriod: undefined }, "purpose must be one of ENCRYPT_DECRYPT", KEYS],
    [{ rotationPeriod: "3600s" }, 'rotationPeriod must be a duration from "86400s"', KEYS],
    [{ rotationPeriod: "90d" }, 'rotationPeriod must be a duration from "86400s"', KEYS],
    [{ destroyScheduledDuration: "60s" }, 'destroyScheduledDuration must be a duration from "86400s"', KEYS],
    [
      { purpose: "MAC", "versionTemplate.algorithm": "HMAC_SHA256" },
      "rotationPeriod must be absent unless purpose is ENCRYPT_DECRYPT",
      KEYS,
    ],
    [
      { purpose: "ASYMMETRIC_SIGN", rotationPeriod: undefined },
      "versionTemplate must name an algorithm where purpose is ASYMMETRIC_SIGN",
      KEYS,
    ],
    [
      { "versionTemplate.algorithm": "EC_SIGN_P256_SHA256" },
      "versionTemplate.algorithm must be an algorithm for ENCRYPT_DECRYPT",
      "CryptoKeyVersionAlgorithm",
    ],
    [
      { versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "TPM" } },
      "versionTemplate.protectionLevel must be one of SOFTWARE",
      KEYS,
      "labels",
    ],
    [
      { importOnly: true, rotationPeriod: undefined },
      "skipInitialVersionCreation must be set where importOnly is true",
      KEYS,
    ],
  ],
);

describeRefusals(GCP_KINDS, "gcp:kms/cryptoKey:CryptoKey", { name: "backup", keyRing: RING }, [
  [
    { versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "EXTERNAL" } },
    "versionTemplate.algorithm must be EXTERNAL_SYMMETRIC_ENCRYPTION where protectionLevel is EXTERNAL",
    "CryptoKeyVersionAlgorithm",
    "labels",
  ],
  [
    { cryptoKeyBackend: "projects/acme/locations/europe-west1/ekmConnections/e" },
    "cryptoKeyBackend must be absent unless protectionLevel is EXTERNAL_VPC",
    "CryptoKeyVersionAlgorithm",
    "labels",
  ],
]);

import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals } from "../test-refusals.ts";

const RING = "projects/acme/locations/europe-west1/keyRings/ring";
const KEYS = "/projects.locations.keyRings.cryptoKeys";
const SECRETS = "/projects.secrets";

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

describeRefusals(
  GCP_KINDS,
  "gcp:secretmanager/secret:Secret",
  { secretId: "token", replication: { auto: {} } },
  [
    [{ secretId: "fastly.token" }, "secretId must be 1 to 255 letters", SECRETS],
    [{ secretId: "s".repeat(256) }, "secretId must be 1 to 255 letters", SECRETS],
    [{ replication: undefined }, "replication must be set", "secretmanager.SecretArgs"],
    [{ replication: {} }, "replication.auto must be set, or userManaged", SECRETS, "ttl"],
    [
      { "replication.userManaged.replicas": [{ location: "europe-west1" }] },
      "replication.userManaged must be absent beside auto",
      SECRETS,
      "ttl",
    ],
    [
      {
        replication: {
          userManaged: { replicas: [{ location: "europe-west1" }, { location: "europe-west1" }] },
        },
      },
      "replication.userManaged.replicas[1].location must be the only one",
      SECRETS,
    ],
    [
      { replication: { userManaged: { replicas: [{ location: "mars" }] } } },
      "replication.userManaged.replicas[0].location must be a region of Google Cloud",
      "/secret-manager/docs/locations",
    ],
    [{ ttl: "1d" }, "ttl must be a duration of at least", SECRETS],
    [{ ttl: "60s", expireTime: "2030-01-01T00:00:00Z" }, "expireTime must be absent beside ttl", SECRETS],
    [{ expireTime: "2030-01-01" }, "expireTime must be a time of RFC 3339", SECRETS],
    [{ "rotation.nextRotationTime": "2030-01-01T00:00:00Z" }, "topics must be set beside rotation", SECRETS],
    [
      { "rotation.rotationPeriod": "86400s", topics: [{ name: "projects/acme/topics/rotate" }] },
      "rotation.nextRotationTime must be set beside rotationPeriod",
      "/secret-rotation",
      "ttl",
    ],
    [
      {
        rotation: { rotationPeriod: "60s", nextRotationTime: "2030-01-01T00:00:00Z" },
        topics: [{ name: "projects/acme/topics/rotate" }],
      },
      'rotation.rotationPeriod must be a duration from "3600s"',
      "/secret-rotation",
      "ttl",
    ],
    [{ topics: [{ name: "rotate" }] }, "topics[0].name must be projects/P/topics/T", SECRETS],
  ],
);

describeRefusals(
  GCP_KINDS,
  "gcp:secretmanager/secretVersion:SecretVersion",
  { secret: "projects/acme/secrets/token", secretData: "abc" },
  [
    [{ secret: "token" }, "secret must be the secret's id", "secretmanager/secretversion"],
    [{ secretData: undefined }, "secretData must be set, or secretDataWo", "secretmanager/secretversion"],
    [
      { secretDataWo: "x", secretDataWoVersion: 1 },
      "secretDataWo must be absent beside secretData",
      "secretmanager/secretversion",
    ],
    [
      { secretData: undefined, secretDataWo: "x" },
      "secretDataWoVersion must be set beside secretDataWo",
      "secretmanager/secretversion",
    ],
    [{ isSecretDataBase64: true }, "secretData must be base64; got [secret]", "secretmanager/secretversion"],
    [
      { secretData: "s".repeat(65_537) },
      "secretData must have at most 65536 bytes; got [secret]",
      "/secret-manager/quotas",
    ],
    [
      { secretData: Buffer.alloc(65_537).toString("base64"), isSecretDataBase64: true },
      "secretData must have at most 65536 bytes; got [secret]",
      "/secret-manager/quotas",
    ],
  ],
);

describeAcceptance(
  GCP_KINDS,
  "gcp:secretmanager/secretVersion:SecretVersion",
  { secret: "projects/acme/secrets/token", isSecretDataBase64: true },
  [{ secretData: Buffer.alloc(65_536).toString("base64") }],
);

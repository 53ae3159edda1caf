import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";

const SECRETS = "/projects.secrets";

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

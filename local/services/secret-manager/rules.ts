import { region } from "../../../review/rules/google/regions.ts";
import { count, unique } from "../../../review/rules/lists.ts";
import { duration, timestamp } from "../../../review/rules/numbers.ts";
import { atMostOneOf, exactlyOneOf, requiredWith } from "../../../review/rules/presence.ts";
import { type CitedRules, cite, inObject } from "../../../review/rules/rule.ts";
import { base64, matching } from "../../../review/rules/text.ts";
import { UNKNOWN } from "../../../review/rules/values.ts";

export const SECRETS = "https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets";
const MOST_BYTES = 65_536;
const DAY_SECONDS = 86_400;

export const SECRET_RULES: readonly CitedRules[] = [
  cite(SECRETS, {
    secretId: matching(/^[A-Za-z0-9_-]{1,255}$/, "must be 1 to 255 letters, digits, dashes and underscores"),
    replication: exactlyOneOf("auto", "userManaged"),
    "replication.userManaged.replicas": [count({ from: 1, what: "location" }), unique("location")],
    "": [requiredWith("rotation", "topics"), atMostOneOf("ttl", "expireTime")],
    expireTime: timestamp(),
    ttl: duration({ from: 1, to: Number.POSITIVE_INFINITY }),
    versionDestroyTtl: duration({ from: DAY_SECONDS, to: 1000 * DAY_SECONDS, what: "1 to 1000 days" }),
    topics: count({ to: 10, what: "topics" }),
    "topics[].name": matching(/^projects\/[^/]+\/topics\/[^/]+$/, "must be projects/P/topics/T"),
    versionAliases: inObject((aliases, report) => {
      if (Object.keys(aliases).length > 50) report("", "must be at most 50 aliases");
    }),
  }),
  cite("https://cloud.google.com/secret-manager/docs/locations", {
    "replication.userManaged.replicas[].location": region(),
  }),
  cite("https://cloud.google.com/secret-manager/docs/secret-rotation", {
    rotation: requiredWith("rotationPeriod", "nextRotationTime"),
    "rotation.rotationPeriod": duration({ from: 3600, to: 3_153_600_000, what: "an hour to 100 years" }),
    "rotation.nextRotationTime": timestamp(),
  }),
];

export const SECRET_VERSION_RULES: readonly CitedRules[] = [
  cite("https://www.pulumi.com/registry/packages/gcp/api-docs/secretmanager/secretversion/#inputs", {
    "": [
      exactlyOneOf("secretData", "secretDataWo"),
      requiredWith("secretDataWo", "secretDataWoVersion"),
      inObject(({ isSecretDataBase64, secretData }, report) => {
        if (isSecretDataBase64 === true && typeof secretData === "string") {
          base64()(secretData, (_, rule) => report("secretData", rule));
        }
      }),
    ],
    secret: matching(/^projects\/[^/]+\/secrets\/[^/]+$/, "must be the secret's id, projects/P/secrets/S"),
  }),
  cite("https://cloud.google.com/secret-manager/quotas#content_limits", {
    "": inObject(({ isSecretDataBase64, ...data }, report) => {
      const encoding = isSecretDataBase64 === true || isSecretDataBase64 === UNKNOWN ? "base64" : "utf8";
      for (const name of ["secretData", "secretDataWo"]) {
        const value = data[name];
        if (typeof value === "string" && Buffer.byteLength(value, encoding) > MOST_BYTES) {
          report(name, `must have at most ${MOST_BYTES} bytes`);
        }
      }
    }),
  }),
];

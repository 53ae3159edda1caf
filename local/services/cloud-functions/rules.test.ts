import { describeRefusals } from "../testing/refusals.ts";
import { CLOUD_FUNCTION_KINDS } from "./kinds.ts";

const REST = "functions/docs/reference/rest/v2/projects.locations.functions";
const CPU = "configuring/services/cpu";
const MEMORY = "configuring/services/memory-limits";
const SECRETS = "functions/docs/configuring/secrets";
const SECRET = { key: "TOKEN", projectId: "acme", secret: "token", version: "1" };
const SECRET_PATH = "serviceConfig.secretEnvironmentVariables";

describeRefusals(
  CLOUD_FUNCTION_KINDS,
  "gcp:cloudfunctionsv2/function:Function",
  {
    name: "hello",
    location: "europe-west1",
    buildConfig: {
      runtime: "nodejs24",
      entryPoint: "handler",
      source: { storageSource: { bucket: "code", object: "hello.zip" } },
    },
    serviceConfig: { environmentVariables: { COLOUR: "blue" } },
  },
  [
    [{ location: "mars" }, "location must be a region of Google Cloud", "functions/docs/locations"],
    [{ name: "Hello" }, "name must be 1 to 63 lower-case letters", REST],
    [{ buildConfig: undefined }, "buildConfig must be set", REST],
    [{ "buildConfig.runtime": undefined }, "buildConfig.runtime must be set", REST],
    [
      { "buildConfig.runtime": "nodejs20" },
      "buildConfig.runtime must be a runtime that Cloud Functions still has: nodejs22",
      "functions/docs/runtime-support",
    ],
    [
      { "buildConfig.runtime": "node24" },
      "buildConfig.runtime must be a runtime",
      "functions/docs/runtime-support",
    ],
    [
      { "buildConfig.entryPoint": "not a name" },
      "buildConfig.entryPoint must be the name of a function",
      REST,
    ],
    [{ "buildConfig.source": undefined }, "buildConfig.source must be set", REST],
    [
      { "buildConfig.source": {} },
      "buildConfig.source.storageSource must be set, or repoSource",
      REST,
      "description",
    ],
    [
      { "buildConfig.source.storageSource": { bucket: "code" } },
      "buildConfig.source.storageSource.object must be set",
      REST,
    ],
    [
      { "buildConfig.serviceAccount": "robot@acme.iam.gserviceaccount.com" },
      "buildConfig.serviceAccount must be the account's whole name",
      "functions/docs/securing/build-custom-sa",
    ],
    [
      { "buildConfig.dockerRepository": "images" },
      "buildConfig.dockerRepository must be projects/P/locations/L/repositories/R",
      REST,
    ],
    [
      { "serviceConfig.ingressSettings": "INTERNAL" },
      "serviceConfig.ingressSettings must be one of ALLOW_ALL",
      "",
    ],
    [
      { "serviceConfig.serviceAccountEmail": "robot" },
      "serviceConfig.serviceAccountEmail must be the account's e-mail",
      REST,
    ],
    [
      { "serviceConfig.vpcConnector": "c", "serviceConfig.directVpcNetworkInterfaces": [{ network: "n" }] },
      "serviceConfig.directVpcNetworkInterfaces must be absent beside vpcConnector",
      REST,
    ],
    [
      { "serviceConfig.minInstanceCount": 3, "serviceConfig.maxInstanceCount": 2 },
      "serviceConfig.minInstanceCount must be at most maxInstanceCount, 2",
      REST,
    ],
    [
      { "serviceConfig.maxInstanceCount": 1001 },
      "serviceConfig.maxInstanceCount must be a whole number from 1 to 1000",
      "functions/docs/configuring/max-instances",
    ],
    [
      { "serviceConfig.timeoutSeconds": 3601 },
      "serviceConfig.timeoutSeconds must be a whole number from 1 to 3600",
      "functions/docs/configuring/timeout",
    ],
    [
      { "serviceConfig.timeoutSeconds": 541, eventTrigger: { eventType: "e" } },
      "serviceConfig.timeoutSeconds must be a whole number from 1 to 540",
      "functions/docs/configuring/timeout",
    ],
    [
      { "serviceConfig.maxInstanceRequestConcurrency": 1001, "serviceConfig.availableCpu": "1" },
      "serviceConfig.maxInstanceRequestConcurrency must be a whole number from 1 to 1000",
      "functions/docs/configuring/concurrency",
    ],
    [
      { "serviceConfig.maxInstanceRequestConcurrency": 2, "serviceConfig.availableMemory": "1Gi" },
      "serviceConfig.availableCpu must be set, to 1 or more",
      "functions/docs/configuring/concurrency",
    ],
    [
      { "serviceConfig.maxInstanceRequestConcurrency": 2, "serviceConfig.availableCpu": "0.5" },
      "serviceConfig.maxInstanceRequestConcurrency must be 1 beside 0.5 CPU",
      "functions/docs/configuring/concurrency",
    ],
    [
      { "serviceConfig.availableCpu": "5" },
      "serviceConfig.availableCpu must be 1, 2, 4, 6, 8, or from 0.08 to 1",
      CPU,
    ],
    [
      { "serviceConfig.availableMemory": "64M" },
      'serviceConfig.availableMemory must be from "128Mi" to "32Gi"',
      MEMORY,
    ],
    [
      { "serviceConfig.availableMemory": "8Gi", "serviceConfig.availableCpu": "1" },
      'serviceConfig.availableMemory must be from "128Mi" to "4Gi" beside 1 CPU',
      MEMORY,
    ],
    [
      { "serviceConfig.environmentVariables": { K_SERVICE: "x" } },
      "serviceConfig.environmentVariables.K_SERVICE must not be a name that Cloud Functions sets itself",
      "functions/docs/configuring/env-var",
      "description",
    ],
    [
      { "serviceConfig.environmentVariables": { "A=B": "x" } },
      'serviceConfig.environmentVariables.A=B must be a name without "="',
      "functions/docs/configuring/env-var",
      "description",
    ],
    [
      { [SECRET_PATH]: [{ ...SECRET, projectId: undefined }] },
      `${SECRET_PATH}[0].projectId must be set`,
      "",
      "description",
    ],
    [
      { [SECRET_PATH]: [{ ...SECRET, key: "PORT" }] },
      `${SECRET_PATH}[0].key must not be a name`,
      SECRETS,
      "description",
    ],
    [
      { [SECRET_PATH]: [SECRET, SECRET] },
      `${SECRET_PATH}[1].key must be the only one`,
      SECRETS,
      "description",
    ],
    [
      { [SECRET_PATH]: [{ ...SECRET, key: "COLOUR" }] },
      `${SECRET_PATH}[0].key must not be among environmentVariables too`,
      SECRETS,
      "description",
    ],
    [
      { [SECRET_PATH]: [{ ...SECRET, secret: "projects/p/secrets/s" }] },
      `${SECRET_PATH}[0].secret must be the secret's short name`,
      SECRETS,
      "description",
    ],
    [
      { [SECRET_PATH]: [{ ...SECRET, version: "-1" }] },
      `${SECRET_PATH}[0].version must be a number, an alias or latest`,
      SECRETS,
      "description",
    ],
  ],
);

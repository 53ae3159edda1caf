import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";
import { RUN_KINDS } from "./kinds.ts";

const CONTAINER = "template.containers[0]";
const REST = "run/docs/reference/rest/v2/projects.locations.services";
const CONTAINERS = "run/docs/reference/rest/v2/Container";
const CPU = "configuring/services/cpu";
const MEMORY = "configuring/services/memory-limits";
const PROBES = "configuring/healthchecks";
const TRAFFIC = "rollouts-rollbacks-traffic-migration";
const [LATEST, REVISION] = ["LATEST", "REVISION"].map((type) => `TRAFFIC_TARGET_ALLOCATION_TYPE_${type}`);

describeRefusals(
  RUN_KINDS,
  "gcp:cloudrunv2/service:Service",
  {
    name: "api",
    location: "europe-west1",
    template: { containers: [{ image: `europe-docker.pkg.dev/p/i/api@sha256:${"0".repeat(64)}` }] },
  },
  [
    [{ location: "europe-west1-b" }, "location must be a region of Google Cloud", "run/docs/locations"],
    [{ location: "europe-west77" }, "location must be a region of Google Cloud", "run/docs/locations"],
    [
      {
        [`${CONTAINER}.sourceCode.cloudStorageSource`]: { bucket: "code", object: "o", generation: "abc" },
      },
      `${CONTAINER}.sourceCode.cloudStorageSource.generation must be an object's generation`,
      "run/docs/deploying-source-code",
      "client",
    ],
    [{ name: "Api" }, "name must be 1 to 49 lower-case letters", REST],
    [{ name: `a${"b".repeat(49)}` }, "name must be 1 to 49", REST],
    [{ ingress: "INTERNAL" }, "ingress must be one of INGRESS_TRAFFIC_ALL", ""],
    [{ launchStage: "LIVE" }, "launchStage must be one of UNIMPLEMENTED", ""],
    [
      { annotations: { "run.googleapis.com/ingress": "all" } },
      'annotations["run.googleapis.com/ingress"] must not be in a namespace',
      REST,
      "client",
    ],
    [
      { "template.annotations": { "autoscaling.knative.dev/maxScale": "1" } },
      'template.annotations["autoscaling.knative.dev/maxScale"] must not',
      REST,
      "client",
    ],
    [{ "template.serviceAccount": "robot" }, "template.serviceAccount must be the account's e-mail", REST],
    [
      { "template.vpcAccess": { egress: "ALL_TRAFFIC" } },
      "template.vpcAccess.connector must be set, or networkInterfaces",
      REST,
      "template.encryptionKey",
    ],
    [{ "template.revision": "v2" }, 'template.revision must begin with "api-"', REST],
    [
      { "template.timeout": "3601s" },
      'template.timeout must be a duration from "1s" to "3600s"',
      "request-timeout",
    ],
    [{ "template.timeout": "300" }, "template.timeout must be a duration", "request-timeout"],
    [
      { "template.maxInstanceRequestConcurrency": 1001 },
      "template.maxInstanceRequestConcurrency must be a whole number from 1 to 1000",
      "configuring/concurrency",
    ],
    [
      { "template.scaling": { minInstanceCount: 3, maxInstanceCount: 2 } },
      "template.scaling.minInstanceCount must be at most maxInstanceCount, 2",
      REST,
    ],
    [
      { "template.scaling.minInstanceCount": -1 },
      "template.scaling.minInstanceCount must be a whole number from 0",
      REST,
    ],
    [
      { scaling: { minInstanceCount: 3, maxInstanceCount: 2 } },
      "scaling.minInstanceCount must be at most",
      REST,
    ],
    [
      { scaling: { scalingMode: "AUTOMATIC", manualInstanceCount: 2 } },
      "scaling.manualInstanceCount must be absent unless scalingMode is MANUAL",
      REST,
    ],
    [
      { binaryAuthorization: { useDefault: true, policy: "p" } },
      "binaryAuthorization.policy must be absent beside useDefault",
      REST,
    ],
    [
      { customAudiences: [""] },
      "customAudiences[0] must have 1 to 32768 characters",
      "custom-audiences",
      "client",
    ],
    [
      { customAudiences: ["a".repeat(20_000), "b".repeat(20_000)] },
      "customAudiences must have at most 32768 characters in all; it has 40000",
      "custom-audiences",
    ],
    [
      {
        traffics: [
          { type: LATEST, percent: 60 },
          { type: REVISION, revision: "api-1", percent: 30 },
        ],
      },
      "traffics must come to 100 percent; it is 90",
      TRAFFIC,
    ],
    [
      { traffics: [{ type: LATEST, percent: 100, tag: "A" }] },
      "traffics[0].tag must be 1 to 63 lower-case",
      TRAFFIC,
    ],
    [
      {
        traffics: [
          { type: LATEST, percent: 100, tag: "a" },
          { type: LATEST, tag: "a" },
        ],
      },
      "traffics[1].tag must be the only one",
      TRAFFIC,
    ],
    [
      { traffics: [{ type: REVISION, percent: 100 }] },
      "traffics[0].revision must be set where type is",
      TRAFFIC,
    ],
    [
      { traffics: [{ type: LATEST, revision: "api-1", percent: 100 }] },
      "traffics[0].revision must be absent where type is",
      TRAFFIC,
    ],
    [{ "template.containers": [] }, "template.containers must hold a container", CONTAINERS],
    [{ [`${CONTAINER}.image`]: "Not An Image" }, `${CONTAINER}.image must be an image`, CONTAINERS],
    [
      { [`${CONTAINER}.image`]: "scratch", [`${CONTAINER}.baseImageUri`]: "base" },
      `${CONTAINER}.sourceCode must be set where image is scratch`,
      "deploying-source-code",
    ],
    [
      {
        [`${CONTAINER}.image`]: "scratch",
        [`${CONTAINER}.sourceCode`]: { cloudStorageSource: { bucket: "b", object: "o" } },
      },
      `${CONTAINER}.baseImageUri must be set where image is scratch`,
      "deploying-source-code",
    ],
    [
      { "template.containers[1]": { image: "a/b" } },
      "template.containers must have one container with ports; 0 have",
      "multicontainer",
    ],
    [
      {
        "template.containers": [
          { image: "a/b", name: "a", ports: { containerPort: 1 } },
          { image: "a/b", name: "a" },
        ],
      },
      "template.containers[1].name must be the only one",
      CONTAINERS,
    ],
    [
      {
        "template.containers": [
          { image: "a/b", name: "a", ports: { containerPort: 1 }, dependsOns: ["c"] },
          { image: "a/b", name: "b" },
        ],
      },
      "template.containers[a].dependsOns[0] must be the name of another container",
      CONTAINERS,
      "template.encryptionKey",
    ],
    [
      { [`${CONTAINER}.ports`]: { containerPort: 70_000 } },
      `${CONTAINER}.ports.containerPort must be a whole number from 1 to 65535`,
      CONTAINERS,
    ],
    [
      { [`${CONTAINER}.ports`]: { name: "http3" } },
      `${CONTAINER}.ports.name must be one of http1, h2c`,
      CONTAINERS,
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "PORT", value: "1" }] },
      `${CONTAINER}.envs[0].name must not be a name that Cloud Run sets itself`,
      "environment-variables#reserved",
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "X_GOOGLE_A", value: "1" }] },
      `${CONTAINER}.envs[0].name must not be a name`,
      "environment-variables#reserved",
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "A=B", value: "1" }] },
      `${CONTAINER}.envs[0].name must be a name without "="`,
      CONTAINERS,
    ],
    [
      {
        [`${CONTAINER}.envs`]: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
      },
      `${CONTAINER}.envs[1].name must be the only one`,
      CONTAINERS,
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "A", value: "1", valueSource: { secretKeyRef: { secret: "s" } } }] },
      `${CONTAINER}.envs[A].valueSource must be absent beside value`,
      CONTAINERS,
      "client",
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "A", valueSource: {} }] },
      `${CONTAINER}.envs[A].valueSource.secretKeyRef must be set`,
      CONTAINERS,
      "client",
    ],
    [
      { [`${CONTAINER}.envs`]: [{ name: "A", valueSource: { secretKeyRef: { secret: "a/b" } } }] },
      `${CONTAINER}.envs[A].valueSource.secretKeyRef.secret must be a secret's name`,
      "configuring/services/secrets",
    ],
    [
      {
        [`${CONTAINER}.envs`]: [{ name: "A", valueSource: { secretKeyRef: { secret: "s", version: "0" } } }],
      },
      `${CONTAINER}.envs[A].valueSource.secretKeyRef.version must be a number, an alias or latest`,
      "configuring/services/secrets",
      "client",
    ],
    [
      {
        [`${CONTAINER}.volumeMounts`]: [{ name: "v", mountPath: "/v" }],
        "template.volumes": [{ name: "w", emptyDir: {} }],
      },
      `${CONTAINER}.volumeMounts[0].name must be the name of a volume`,
      CONTAINERS,
      "template.encryptionKey",
    ],
    [
      {
        [`${CONTAINER}.volumeMounts`]: [{ name: "v", mountPath: "v" }],
        "template.volumes": [{ name: "v", emptyDir: {} }],
      },
      `${CONTAINER}.volumeMounts[v].mountPath must be a path`,
      CONTAINERS,
      "template.encryptionKey",
    ],
    [
      { "template.volumes": [{ name: "v" }] },
      "template.volumes[v].secret must be set, or cloudSqlInstance",
      CONTAINERS,
      "template.encryptionKey",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { disk: "1Gi" } } },
      `${CONTAINER}.resources.limits.disk must be one of cpu, memory`,
      CONTAINERS,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "3" } } },
      `${CONTAINER}.resources.limits.cpu must be 1, 2, 4, 6, 8, or from 0.08 to 1`,
      CPU,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "50m" } } },
      `${CONTAINER}.resources.limits.cpu must be`,
      CPU,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { memory: "64Mi" } } },
      `${CONTAINER}.resources.limits.memory must be from "128Mi" to "32Gi"`,
      MEMORY,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "1", memory: "8Gi" } } },
      `${CONTAINER}.resources.limits.memory must be from "128Mi" to "4Gi" beside 1 CPU`,
      MEMORY,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "8", memory: "2Gi" } } },
      `${CONTAINER}.resources.limits.memory must be from "4Gi" to "32Gi" beside 8 CPU`,
      MEMORY,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "250m", memory: "1Gi" } } },
      `${CONTAINER}.resources.limits.memory must be from "128Mi" to "512Mi" beside 250m CPU`,
      MEMORY,
      "client",
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "0.5" } }, "template.maxInstanceRequestConcurrency": 2 },
      "template.maxInstanceRequestConcurrency must be 1 beside 0.5 CPU",
      CPU,
    ],
    [
      {
        [`${CONTAINER}.resources`]: { limits: { cpu: "0.5" } },
        "template.executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
      },
      "template.executionEnvironment must be EXECUTION_ENVIRONMENT_GEN1",
      CPU,
    ],
    [
      { [`${CONTAINER}.resources`]: { limits: { cpu: "0.5" }, cpuIdle: false } },
      `${CONTAINER}.resources.cpuIdle must be true beside 0.5 CPU`,
      CPU,
    ],
    [
      {
        [`${CONTAINER}.resources`]: { limits: { memory: "256Mi" } },
        "template.executionEnvironment": "EXECUTION_ENVIRONMENT_GEN2",
      },
      `${CONTAINER}.resources.limits.memory must be "512Mi" or more`,
      MEMORY,
      "client",
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { initialDelaySeconds: 241 } },
      `${CONTAINER}.startupProbe.initialDelaySeconds must be a whole number from 0 to 240`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { periodSeconds: 241 } },
      `${CONTAINER}.startupProbe.periodSeconds must be a whole number from 1 to 240`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { timeoutSeconds: 11 } },
      `${CONTAINER}.startupProbe.timeoutSeconds must be at most periodSeconds, 10`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { failureThreshold: 0 } },
      `${CONTAINER}.startupProbe.failureThreshold must be a whole number from 1`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { failureThreshold: 25 } },
      `${CONTAINER}.startupProbe.failureThreshold must come to 240 s at most`,
      PROBES,
      `${CONTAINER}.startupProbe.grpc`,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { httpGet: { path: "health" } } },
      `${CONTAINER}.startupProbe.httpGet.path must begin with a slash`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { httpGet: {}, tcpSocket: {} } },
      `${CONTAINER}.startupProbe.tcpSocket must be absent beside httpGet`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.startupProbe`]: { tcpSocket: { port: 0 } } },
      `${CONTAINER}.startupProbe.tcpSocket.port must be a whole number from 1 to 65535`,
      PROBES,
      "client",
    ],
    [
      { [`${CONTAINER}.livenessProbe`]: { httpGet: {}, periodSeconds: 3601 } },
      `${CONTAINER}.livenessProbe.periodSeconds must be a whole number from 1 to 3600`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.livenessProbe`]: {} },
      `${CONTAINER}.livenessProbe.httpGet must be set, or grpc`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.livenessProbe`]: { httpGet: {}, tcpSocket: { port: 1 } } },
      `${CONTAINER}.livenessProbe.tcpSocket must be absent: a liveness probe`,
      PROBES,
    ],
    [
      { [`${CONTAINER}.readinessProbe`]: {} },
      `${CONTAINER}.readinessProbe.httpGet must be set, or grpc`,
      "Container#Probe",
    ],
    [
      { [`${CONTAINER}.readinessProbe`]: { grpc: {}, timeoutSeconds: 11 } },
      `${CONTAINER}.readinessProbe.timeoutSeconds must be at most`,
      "Container#Probe",
    ],
  ],
);

describeAcceptance(RUN_KINDS, "gcp:cloudrunv2/service:Service", { location: "europe-west1" }, [
  {
    template: {
      containers: [
        { name: "web", image: "scratch/web", ports: { containerPort: 8080 } },
        { name: "beside", image: "scratch/beside", envs: [{ name: "PORT", value: "8081" }] },
      ],
    },
  },
]);

describeRefusals(
  RUN_KINDS,
  "gcp:cloudrunv2/service:Service",
  { location: "europe-west1", template: { containers: [{ image: "scratch/web" }] } },
  [
    [
      {
        "template.executionEnvironment": "EXECUTION_ENVIRONMENT_GEN1",
        "template.volumes": [{ name: "files", gcs: { bucket: "b" } }],
      },
      "template.volumes[files].gcs must be absent where executionEnvironment is EXECUTION_ENVIRONMENT_GEN1",
      "Container",
    ],
    [
      { "scaling.scalingMode": "MANUAL" },
      "scaling.manualInstanceCount must be set where scalingMode is MANUAL",
      "locations.services",
    ],
    [
      { "template.vpcAccess.networkInterfaces": [{ tags: ["a"] }] },
      "template.vpcAccess.networkInterfaces[0].network must be set, or subnetwork",
      "locations.services",
    ],
  ],
);

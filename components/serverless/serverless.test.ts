import { describe, expect, test } from "@jest/globals";
import type { z } from "zod";
import { ProjectFoundation } from "../foundation/project-foundation.ts";
import { ServiceIdentity } from "../foundation/service-identity.ts";
import { hostedImage, IMAGE } from "../testing/hosted-image.ts";
import { inputsOf, synth } from "../testing/synth.ts";
import { FunctionBuilds } from "./function-builds.ts";
import type { HostedWorkload, WorkloadChoice, WorkloadDefinition } from "./hosted-workload.ts";
import { ServerlessBackend } from "./serverless-backend.ts";
import type { WorkloadServiceArgs } from "./workload-args.ts";
import { WorkloadHost } from "./workload-host.ts";
import { WorkloadService } from "./workload-service.ts";

const SERVICE = "gcp:cloudrunv2/service:Service";
const BACKEND = "gcp:compute/backendService:BackendService";

describe("WorkloadService", () => {
  const serviceOf = (
    overrides: Partial<HostedWorkload>,
    args: Partial<WorkloadServiceArgs<z.ZodObject>> = {},
  ) =>
    synth(
      () =>
        new WorkloadService<z.ZodObject>("site", {
          workload: hostedImage(overrides),
          env: {},
          ingress: "internal",
          invokers: {},
          ...args,
        }),
    );

  test("runs under its own account, within its limits, and behind the load balancer where it is told to", async () => {
    const resources = await serviceOf(
      { cpu: 2, memory: "1Gi", minInstances: 1, concurrency: 5, timeoutSeconds: 7 },
      { ingress: "loadBalancer", audiences: ["https://api.example"] },
    );

    expect(inputsOf(resources, SERVICE, "site")).toMatchObject({
      ingress: "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
      customAudiences: ["https://api.example"],
      deletionProtection: true,
      template: {
        serviceAccount: "robot@test.iam.gserviceaccount.com",
        timeout: "7s",
        maxInstanceRequestConcurrency: 5,
        scaling: { minInstanceCount: 1, maxInstanceCount: 3 },
        containers: [{ resources: { limits: { cpu: "2", memory: "1Gi" } } }],
      },
    });
  });

  test("takes variables in the order of their names, and secrets by reference", async () => {
    const secret = { project: "p", secret: "token", version: "3" };
    const resources = await serviceOf({}, { env: { ZONE: "z", API_TOKEN: secret, MODE: "m" } });

    expect(inputsOf(resources, SERVICE, "site")).toMatchObject({
      template: {
        containers: [
          {
            envs: [
              { name: "API_TOKEN", valueSource: { secretKeyRef: { secret: "token", version: "3" } } },
              { name: "MODE", value: "m" },
              { name: "ZONE", value: "z" },
            ],
          },
        ],
      },
    });
  });

  test("can be called by its invokers alone", async () => {
    const resources = await serviceOf({}, { invokers: { shop: "serviceAccount:shop" } });
    const grants = resources.filter(
      ({ type }) => type === "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    );

    expect(grants.map(({ name, inputs }) => [name, inputs])).toEqual([
      [
        "site-invoker-shop",
        { location: "europe-west1", name: "site", role: "roles/run.invoker", member: "serviceAccount:shop" },
      ],
    ]);
  });

  test("starts an image as the image says, and uploads no code for it", async () => {
    const resources = await serviceOf({});

    expect(inputsOf(resources, SERVICE, "site")).toMatchObject({
      template: { containers: [{ image: IMAGE }] },
    });
    expect(JSON.stringify(resources)).not.toMatch(/sourceCode|commands|baseImageUri|BucketObject/);
  });

  test.each([
    "europe-docker.pkg.dev/p/images/hosting:latest",
    `europe-docker.pkg.dev/p/i@sha256:${"0".repeat(63)}`,
  ])("refuses the image %s, which is not named by its digest", async (reference) => {
    await expect(serviceOf({ packaging: { kind: "image", reference } })).rejects.toThrow(
      `WorkloadService "site": packaging.reference must be an image by its digest, REGISTRY/PATH@sha256:DIGEST; got "${reference}".`,
    );
  });

  test("refuses a function whose callers' tokens are for another name: Google gives functions none", async () => {
    const packaging = { kind: "function", builds: {} as FunctionBuilds } as const;
    await expect(serviceOf({ packaging }, { audiences: ["https://api.example"] })).rejects.toThrow(
      'WorkloadService "site": audiences must be empty for a function, which takes tokens for its own URI alone; got ["https://api.example"].',
    );
  });

  test.each([
    [1, "256Mi", "from 512Mi to 4Gi beside 1 CPU"],
    [1, "5Gi", "from 512Mi to 4Gi beside 1 CPU"],
    [4, "1Gi", "from 2Gi to 16Gi beside 4 CPU"],
    [8, "33Gi", "from 4Gi to 32Gi beside 8 CPU"],
    [2, "1G", "from 512Mi to 8Gi beside 2 CPU"],
  ] as const)("refuses %d CPU with %s of memory, as Cloud Run does", async (cpu, memory, rule) => {
    await expect(serviceOf({ cpu, memory })).rejects.toThrow(
      `WorkloadService "site": memory must be ${rule}; got "${memory}".`,
    );
  });
});

describe("WorkloadHost", () => {
  const definition: WorkloadDefinition = {
    title: "Robot",
    account: "robot",
    packaging: ["bundle", "function"],
    concurrency: 80,
    timeoutSeconds: 30,
  };
  const scaling: WorkloadChoice = { minInstances: 0, maxInstances: 3 };

  /** With what it says of its workloads. */
  const hostOf = async (choices: Readonly<Record<"left" | "right", WorkloadChoice>>) => {
    const workloads: HostedWorkload[] = [];
    const resources = await synth(() => {
      const identity = new ServiceIdentity("robot", { displayName: "Robot" });
      const host = new WorkloadHost(
        "p",
        {
          region: "r",
          definitions: { left: definition, right: { ...definition, concurrency: 1 } },
          choices,
          identities: { left: identity, right: identity },
          foundation: new ProjectFoundation("project", { services: [] }),
          alerting: { channels: [], runbooksUrl: "https://r.example" },
          grantDelaySeconds: 0,
          protect: false,
        },
        {},
      );
      workloads.push(host.workload("left"), host.workload("right"));
    });
    return { resources, workloads };
  };

  test("packages a small bundle from the folder of the workload's name unless told otherwise", async () => {
    const chosen = { ...scaling, cpu: 2, memory: "2Gi" } as const;
    const { resources, workloads } = await hostOf({ left: scaling, right: chosen });

    expect(workloads).toMatchObject([
      { folder: "left", packaging: { kind: "bundle" }, cpu: 1, memory: "512Mi", concurrency: 80 },
      { folder: "right", packaging: { kind: "bundle" }, cpu: 2, memory: "2Gi", concurrency: 1 },
    ]);
    expect(inputsOf(resources, "gcp:storage/bucket:Bucket", "p-code")).toMatchObject({ location: "r" });
    expect(resources.filter(({ name }) => name.startsWith("p-builds"))).toEqual([]);
  });

  test("makes what builds functions once for all of them", async () => {
    const chosen: WorkloadChoice = { ...scaling, packaging: { kind: "function" } };
    const { resources, workloads } = await hostOf({ left: chosen, right: chosen });

    expect(resources.filter(({ type }) => type === "platform:serverless:FunctionBuilds")).toHaveLength(1);
    const [left, right] = workloads.map(({ packaging }) => packaging);
    expect(left).toEqual(right);
  });
});

test("FunctionBuilds has an account that can read sources, store images and log, and nothing more", async () => {
  const resources = await synth(
    () => new FunctionBuilds("b", { region: "r", codeBucket: "code", grantDelaySeconds: 0 }),
  );
  const member = "serviceAccount:b@test.iam.gserviceaccount.com";
  const condition = { expression: 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")' };

  expect(
    resources.filter(({ inputs }) => inputs.member === member).map(({ inputs }) => inputs),
  ).toMatchObject([
    { role: "roles/artifactregistry.writer", repository: "b" },
    { role: "roles/logging.logWriter", project: "test" },
    { role: "roles/storage.objectViewer", project: "test", condition },
    { role: "roles/storage.objectViewer", bucket: "code" },
  ]);
});

describe("ServerlessBackend", () => {
  const backendOf = (securityPolicy?: string) =>
    synth(
      () =>
        new ServerlessBackend("b", {
          region: "r",
          service: "site-1",
          ...(securityPolicy !== undefined && { securityPolicy }),
        }),
    );

  test("leads to the Cloud Run service by its name, and logs each request", async () => {
    const resources = await backendOf();

    expect(
      inputsOf(resources, "gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup", "b"),
    ).toEqual({ region: "r", networkEndpointType: "SERVERLESS", cloudRun: { service: "site-1" } });
    expect(inputsOf(resources, BACKEND, "b")).toEqual({
      loadBalancingScheme: "EXTERNAL_MANAGED",
      protocol: "HTTPS",
      backends: [{ group: "b-id" }],
      logConfig: { enable: true, sampleRate: 1 },
    });
  });

  test("admits whom its security policy admits", async () => {
    expect(inputsOf(await backendOf("policy"), BACKEND, "b")).toMatchObject({ securityPolicy: "policy" });
  });
});

import grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { GCP } from "../google/package.ts";
import { TestSession, urnOf } from "../testing/session.ts";

const FUNCTION = "gcp:cloudfunctionsv2/function:Function";
const SERVICE = "gcp:cloudrunv2/service:Service";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const BUILDER = "builder@acme.iam.gserviceaccount.com";
const REPOSITORY = "projects/acme/locations/europe-west1/repositories/images";
const news = {
  name: "hello",
  location: "europe-west1",
  buildConfig: {
    runtime: "nodejs24",
    entryPoint: "handler",
    source: { storageSource: { bucket: "acme-code", object: "hello.zip" } },
    serviceAccount: `projects/acme/serviceAccounts/${BUILDER}`,
    dockerRepository: REPOSITORY,
  },
  serviceConfig: { serviceAccountEmail: BUILDER },
};

let session: TestSession;
const urn = urnOf(FUNCTION, "hello");
const make = (type: string, name: string, inputs: Record<string, unknown>) =>
  session.make(urnOf(type, name), inputs);

beforeAll(async () => {
  session = await TestSession.start(GCP);
  await session.configure({ "gcp:config:project": "acme", "gcp:config:region": "europe-west1" });
  await make("gcp:serviceaccount/account:Account", "builder", { accountId: "builder" });
  await make("gcp:artifactregistry/repository:Repository", "images", {
    repositoryId: "images",
    format: "DOCKER",
  });
  await make("gcp:storage/bucket:Bucket", "code", { name: "acme-code", location: "EU" });
});

afterAll(() => session.stop());

test("builds as its own account, once that has what a build needs, and not before", async () => {
  const { inputs } = await session.check(urn, news);
  const create = () => session.create(urn, inputs);
  await expect(create()).rejects.toMatchObject({
    details: expect.stringContaining("no source gs://acme-code/hello.zip"),
  });
  await make("gcp:storage/bucketObject:BucketObject", "code", {
    bucket: "acme-code",
    name: "hello.zip",
    content: "x",
  });

  const member = `serviceAccount:${BUILDER}`;
  const staged = {
    title: "staged",
    expression: 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")',
  };
  const onProject = { project: "acme", member };
  await make("gcp:projects/iAMMember:IAMMember", "staged", {
    ...onProject,
    role: "roles/storage.objectViewer",
    condition: staged,
  });
  for (const [missing, type, grant] of [
    // The conditional grant does not open the program's own bucket.
    [
      "storage.objects.get",
      "gcp:storage/bucketIAMMember:BucketIAMMember",
      { bucket: "acme-code", role: "roles/storage.objectViewer", member },
    ],
    [
      "artifactregistry.repositories.uploadArtifacts",
      "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
      { repository: "images", role: "roles/artifactregistry.writer", member },
    ],
    [
      "logging.logEntries.create",
      "gcp:projects/iAMMember:IAMMember",
      { ...onProject, role: "roles/logging.logWriter" },
    ],
  ] as const) {
    await expect(create()).rejects.toMatchObject({
      code: grpc.status.PERMISSION_DENIED,
      details: expect.stringMatching(new RegExp(`the build failed: ${BUILDER} does not have ${missing}`)),
    });
    await make(type, missing, grant);
  }
  const made = await create();
  expect(made.properties).toMatchObject({
    url: "https://europe-west1-acme.cloudfunctions.net/hello",
    serviceConfig: {
      service: "projects/acme/locations/europe-west1/services/hello",
      uri: expect.stringMatching(/^https:\/\/hello-[0-9a-z]{10}-ew\.a\.run\.app$/),
      timeoutSeconds: 60,
    },
  });
});

test("knows an unchanged function's URI in the preview of an update, and not before it is made", async () => {
  const { inputs } = await session.check(urn, news);
  expect((await session.create(urn, inputs, true)).properties.serviceConfig).toMatchObject({ uri: UNKNOWN });
  const before = await session.read(urn, "projects/acme/locations/europe-west1/functions/hello", inputs);
  const changed = await session.check(urn, {
    ...news,
    serviceConfig: { ...news.serviceConfig, timeoutSeconds: 90 },
  });
  const updated = await session.update(urn, before.id, before.properties, changed.inputs, true);

  const { uri, service } = before.properties.serviceConfig as Record<string, unknown>;
  expect(updated.serviceConfig).toMatchObject({ uri, service, timeoutSeconds: 90 });
});

test("leaves no service its name, which the service under it has", async () => {
  await expect(
    make(SERVICE, "other", {
      name: "hello",
      location: "europe-west1",
      template: {
        serviceAccount: BUILDER,
        containers: [
          {
            image: "scratch",
            baseImageUri: "base",
            commands: ["node"],
            args: ["index.js"],
            sourceCode: { cloudStorageSource: { bucket: "acme-code", object: "o" } },
          },
        ],
      },
    }),
  ).rejects.toMatchObject({ details: expect.stringMatching(/belongs to .*functions\/hello already/) });
});

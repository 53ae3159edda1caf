import { expect, test } from "@jest/globals";
import { GCP_KINDS } from "../google/package.ts";
import { describeAcceptance, describeRefusals } from "../testing/refusals.ts";

describeRefusals(GCP_KINDS, "gcp:projects/service:Service", { service: "run.googleapis.com" }, [
  [{ service: "run" }, "service must be a service's whole name", "/service-usage/docs/reference"],
  [{ service: undefined }, "service must be set", "projects.ServiceArgs"],
  [
    { service: "runn.googleapis.com" },
    "service must be a service of Google Cloud, as run.googleapis.com is",
    "/service-usage/docs/reference",
  ],
  [
    { service: "pusbub.googleapis.com" },
    "service must be a service of Google Cloud, as pubsub.googleapis.com is",
    "/service-usage/docs/reference",
  ],
]);

describeAcceptance(GCP_KINDS, "gcp:projects/service:Service", {}, [
  { service: "iap.googleapis.com" },
  { service: "redis.googleapis.com" },
]);

describeRefusals(
  GCP_KINDS,
  "gcp:projects/serviceIdentity:ServiceIdentity",
  { service: "pubsub.googleapis.com" },
  [
    [{ service: "pubsub" }, "service must be a service's whole name", "/iam/docs/service-agents"],
    [
      { service: "pubsb.googleapis.com" },
      "service must be a service of Google Cloud, as pubsub.googleapis.com is",
      "/iam/docs/service-agents",
    ],
  ],
);

describeAcceptance(GCP_KINDS, "gcp:projects/serviceIdentity:ServiceIdentity", {}, [
  { service: "cloudbuild.googleapis.com" },
  { service: "sqladmin.googleapis.com" },
]);

test("the local cloud has the agents of the services alone that it knows them of", () => {
  const kind = GCP_KINDS.find(({ token }) => token === "gcp:projects/serviceIdentity:ServiceIdentity");
  const reported: string[] = [];
  for (const service of ["pubsub.googleapis.com", "sqladmin.googleapis.com"]) {
    kind?.unsupported?.({ service }, (path, rule) => reported.push(`${service}: ${path} ${rule}`));
  }
  expect(reported).toEqual([
    expect.stringMatching(/^sqladmin\.googleapis\.com: service must be one of artifactregistry/),
  ]);
});

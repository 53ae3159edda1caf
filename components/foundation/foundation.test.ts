import { describe, expect, test } from "@jest/globals";
import { inputsOf, synth } from "../testing/synth.ts";
import { AlertChannels } from "./alert-channels.ts";
import { PrivateBucket, type PrivateBucketArgs } from "./private-bucket.ts";
import { ProjectFoundation } from "./project-foundation.ts";
import { ServiceIdentity } from "./service-identity.ts";

const BUCKET = "gcp:storage/bucket:Bucket";

describe("ProjectFoundation", () => {
  const services = ["run.googleapis.com", "pubsub.googleapis.com", "run.googleapis.com"];

  test("enables a service once, however many platforms need it, and leaves it enabled", async () => {
    const resources = await synth(() => new ProjectFoundation("project", { services }));

    expect(
      resources.filter(({ type }) => type === "gcp:projects/service:Service").map(({ inputs }) => inputs),
    ).toEqual([
      { service: "pubsub.googleapis.com", disableOnDestroy: false },
      { service: "run.googleapis.com", disableOnDestroy: false },
    ]);
  });

  test("asks for Pub/Sub's own account", async () => {
    const resources = await synth(() => new ProjectFoundation("project", { services }));

    expect(
      inputsOf(resources, "gcp:projects/serviceIdentity:ServiceIdentity", "project-pubsub-agent"),
    ).toEqual({ service: "pubsub.googleapis.com" });
  });
});

describe("PrivateBucket", () => {
  const bucketOf = (args: Partial<PrivateBucketArgs>) =>
    synth(() => new PrivateBucket("b", { region: "r", softDeleteDays: 0, protect: false, ...args }));

  test("is closed to the public, and emptied with its stack unless it is protected", async () => {
    const closed = { uniformBucketLevelAccess: true, publicAccessPrevention: "enforced" };

    expect(inputsOf(await bucketOf({}), BUCKET, "b")).toMatchObject({ ...closed, forceDestroy: true });
    expect(inputsOf(await bucketOf({ protect: true }), BUCKET, "b")).toMatchObject({
      ...closed,
      forceDestroy: false,
    });
  });

  test("gives each kind of member what it is for, and nothing more", async () => {
    const resources = await bucketOf({
      readers: { proxy: "serviceAccount:p" },
      appenders: { issuer: "serviceAccount:i" },
      writers: { api: "serviceAccount:a" },
    });
    const grants = resources.filter(({ type }) => type === "gcp:storage/bucketIAMMember:BucketIAMMember");

    expect(grants.map(({ name, inputs }) => [name, inputs.role, inputs.member])).toEqual([
      ["b-appenders-issuer-create", "roles/storage.objectCreator", "serviceAccount:i"],
      ["b-appenders-issuer-view", "roles/storage.objectViewer", "serviceAccount:i"],
      ["b-readers-proxy", "roles/storage.legacyObjectReader", "serviceAccount:p"],
      ["b-writers-api", "roles/storage.objectUser", "serviceAccount:a"],
    ]);
  });

  test("keeps old versions, and what is deleted, for as long as it is told", async () => {
    const resources = await bucketOf({
      softDeleteDays: 7,
      versionDays: 100,
      expiry: { days: 400, prefixes: ["orders/"] },
    });

    expect(inputsOf(resources, BUCKET, "b")).toMatchObject({
      softDeletePolicy: { retentionDurationSeconds: 604_800 },
      versioning: { enabled: true },
      lifecycleRules: [
        { action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 100 } },
        { action: { type: "Delete" }, condition: { age: 400, matchesPrefixes: ["orders/"] } },
      ],
    });
  });

  test.each([1, 6, 91])("refuses to keep deleted objects for %d days", async (softDeleteDays) => {
    await expect(bucketOf({ softDeleteDays })).rejects.toThrow(
      `PrivateBucket "b": softDeleteDays must be 0, or from 7 to 90; got ${softDeleteDays}.`,
    );
  });
});

test("AlertChannels are e-mail addresses under the names that they were given", async () => {
  const resources = await synth(
    () => new AlertChannels("certs", { emails: { "on-call": "on-call@example.com" } }),
  );

  expect(
    inputsOf(resources, "gcp:monitoring/notificationChannel:NotificationChannel", "certs-alerts-on-call"),
  ).toEqual({
    type: "email",
    displayName: "certs: on-call",
    labels: { email_address: "on-call@example.com" },
  });
});

test("ServiceIdentity refuses a name that an account's id could not hold", async () => {
  const name = "a-name-of-23-characters";
  await expect(synth(() => new ServiceIdentity(name, { displayName: "Robot" }))).rejects.toThrow(
    `ServiceIdentity "${name}": name must have at most 22 characters; got 23.`,
  );
});

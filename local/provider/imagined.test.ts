import { expect, test } from "@jest/globals";
import { UNKNOWN } from "../../review/rules/values.ts";
import { GCP } from "../services/google/package.ts";
import { urnOf } from "../services/testing/session.ts";
import { withoutImagined } from "./imagined.ts";
import { Provider } from "./provider.ts";

const TOPIC = "gcp:pubsub/topic:Topic";
const SERVICE = "gcp:cloudrunv2/service:Service";

const provider = Provider.imagining(GCP, false);
const make = (type: string, name: string, properties: object) =>
  provider.create({
    urn: urnOf(type, name),
    properties: { ...properties },
    preview: false,
    timeoutSeconds: 0,
  });
const SERVED = { name: "web", location: "europe-west1", project: "acme", template: {} };

test("what was never made is known whole, and is the same each time, whatever its inputs", async () => {
  const first = await make(SERVICE, "web", SERVED);
  const again = await make(SERVICE, "web", { ...SERVED, labels: { a: "b" } });
  expect(first.id).toBe("projects/acme/locations/europe-west1/services/web");
  expect(Object.values(first.properties)).not.toContain(UNKNOWN);
  expect(again.properties).toEqual({ ...first.properties, labels: { a: "b" } });
  expect((await make(SERVICE, "other", SERVED)).properties.uri).not.toBe(first.properties.uri);
});

test("nobody waits for what was made long ago", async () => {
  const { properties } = await make(SERVICE, "web", SERVED);
  expect(properties.createTime).toBe("1970-01-01T00:00:00Z");
});

test("what was made up is unknown to whoever judges it, and wrong values are refused as ever", async () => {
  const { properties } = await make(SERVICE, "web", SERVED);
  expect(withoutImagined({ url: properties.uri ?? "", fixed: "a" })).toEqual({ url: UNKNOWN, fixed: "a" });
  const check = (news: object) =>
    provider.check({ urn: urnOf(TOPIC, "orders"), olds: {}, news: { project: "acme", ...news } });
  const retention = { name: "orders", messageRetentionDuration: String(properties.uid) };
  expect(check(retention)).toMatchObject({ failures: [], inputs: retention });
  expect(check({ name: "goog-orders" }).failures).toHaveLength(1);
});

test("a preview is as any other's: what only the service can say is not known", async () => {
  const urn = urnOf(SERVICE, "web");
  const previewed = await provider.create({ urn, properties: SERVED, preview: true, timeoutSeconds: 0 });
  expect(previewed).toMatchObject({ id: "", properties: { uri: UNKNOWN } });
});

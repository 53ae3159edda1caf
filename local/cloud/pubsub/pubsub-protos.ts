import { createRequire } from "node:module";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

const require = createRequire(import.meta.url);

/** Google's own definition of a Pub/Sub service, as the client library ships it. */
export function pubsubService(name: "Publisher" | "Subscriber"): ServiceDefinition {
  const json = require("@google-cloud/pubsub/build/protos/protos.json") as Parameters<typeof fromJSON>[0];
  const definition = fromJSON(json, { defaults: true, enums: String, longs: String, oneofs: true });
  return definition[`google.pubsub.v1.${name}`] as ServiceDefinition;
}

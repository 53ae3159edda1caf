import { createRequire } from "node:module";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

const require = createRequire(import.meta.url);

let definition: ReturnType<typeof fromJSON> | undefined;

/** Google's own definition of a Pub/Sub service, as the client library ships it. Loaded once, when first asked for. */
export function pubsubService(name: "Publisher" | "Subscriber"): ServiceDefinition {
  definition ??= fromJSON(
    require("@google-cloud/pubsub/build/protos/protos.json") as Parameters<typeof fromJSON>[0],
    { defaults: true, enums: String, longs: String, oneofs: true },
  );
  return definition[`google.pubsub.v1.${name}`] as ServiceDefinition;
}

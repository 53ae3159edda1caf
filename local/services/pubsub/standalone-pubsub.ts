import type { CloudResource } from "../../kernel/contract.ts";
import { startKernel } from "../start-kernel.ts";
import { LocalPubSub } from "./local-pubsub.ts";
import type { PubSubOrder, PubSubReport } from "./pubsub-process.ts";

/** Pub/Sub alone in a process of its own: what `PubSubProcess` starts. Its arguments are the state's folder and the endpoint of pushes. */
const [stateDir = "", endpoint = ""] = process.argv.slice(2);

const kernel = await startKernel({ stateDir, portBase: "any" });
const pubsub = new LocalPubSub(kernel, {
  async post(_, { headers, body, signal }) {
    try {
      const response = await fetch(endpoint, { method: "POST", headers, body, ...(signal && { signal }) });
      return { status: response.status, body: await response.text() };
    } catch (error) {
      return { status: 503, body: String(error) };
    }
  },
});
kernel.identities.serveGrpc(...pubsub.apis);
await pubsub.start();

process.on("message", async (order: PubSubOrder) => {
  report(await obey(order));
});
process.once("disconnect", () => process.exit());
report({});

async function obey(order: PubSubOrder): Promise<PubSubReport> {
  switch (order.kind) {
    case "put":
      for (const resource of order.resources) kernel.resources.put(resource as CloudResource);
      return {};
    case "port":
      return { port: (await kernel.identities.endpoints(order.email)).grpc };
    case "backlog":
      return { backlog: pubsub.backlog(order.subscription) };
    case "stop":
      await pubsub.stop();
      await kernel.stop();
      setImmediate(() => process.disconnect());
      return {};
  }
}

function report(answer: PubSubReport): void {
  process.send?.(answer);
}

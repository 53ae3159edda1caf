import grpc from "@grpc/grpc-js";
import providerService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { PlanNotes } from "./plan-notes.ts";
import type { Provider } from "./provider.ts";
import { ProviderService } from "./provider-service.ts";

const STOP_DEADLINE_MS = 2_000;
/** Assets travel as paths, contents of objects as text. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface ServedProvider {
  /** On 127.0.0.1; what was bound when 0 was asked for. */
  readonly port: number;
  /** Lets calls end for 2 seconds, then breaks them off. */
  stop(): Promise<void>;
}

/**
 * Serves a provider over Pulumi's own ResourceProvider protocol, for any engine that attaches to it
 * (`PULUMI_DEBUG_PROVIDERS=NAME:PORT`).
 *
 * @param notes For a preview that is to tell every mistake in one run.
 * @throws when the port is taken.
 */
export async function serve(provider: Provider, port: number, notes?: PlanNotes): Promise<ServedProvider> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const service = new ProviderService(provider, notes);
  server.addService(providerService.ResourceProviderService, service.handlers());
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, chosen) => {
      if (error) reject(error);
      else resolve(chosen);
    });
  });
  return {
    port: bound,
    async stop() {
      service.cancelAll();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.forceShutdown(), STOP_DEADLINE_MS);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

import { Server, ServerCredentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import { engineService } from "./engine-service.ts";
import type { Reporter } from "./reporter.ts";
import type { ResourceMonitor } from "./resource-monitor.ts";
import { CHANNEL_OPTIONS, LOOPBACK } from "./rpc-address.ts";

/** The gRPC server that the program and the providers call back. */
export class EngineServer implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `${LOOPBACK}:${port}`;
  }

  static async start(reporter: Reporter): Promise<EngineServer> {
    const server = new Server(CHANNEL_OPTIONS);
    server.addService(engineGrpc.EngineService, engineService(reporter));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(`${LOOPBACK}:0`, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
    return new EngineServer(server, await promise);
  }

  serve(monitor: ResourceMonitor): void {
    this.#server.addService(resourceGrpc.ResourceMonitorService, monitor.service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

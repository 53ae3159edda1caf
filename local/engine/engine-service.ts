import { type handleUnaryCall, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Reporter } from "./reporter.ts";

/** The `Engine` service: what the program and the providers have to say. */
export function engineService(reporter: Reporter): UntypedServiceImplementation {
  let rootUrn = "";
  const service: Partial<IEngineServer> = {
    log: answering((request) => {
      log(reporter, request);
      return new emptyPb.Empty();
    }),
    getRootResource: answering(() => new enginePb.GetRootResourceResponse().setUrn(rootUrn)),
    setRootResource: answering((request) => {
      rootUrn = request.getUrn();
      return new enginePb.SetRootResourceResponse();
    }),
    requirePulumiVersion: (call, callback) =>
      callback({
        code: status.FAILED_PRECONDITION,
        details: `The program requires Pulumi ${call.request.getPulumiVersionRange()}; this engine has no such version.`,
      }),
  };
  return service as UntypedServiceImplementation;
}

function answering<Request, Response>(
  answer: (request: Request) => Response,
): handleUnaryCall<Request, Response> {
  return ({ request }, callback) => callback(null, answer(request));
}

/** Debug messages hold secrets in the clear: they end here. */
function log(reporter: Reporter, request: LogRequest): void {
  const message = request.getMessage().trimEnd();
  const urn = request.getUrn() === "" ? undefined : request.getUrn();
  switch (request.getSeverity()) {
    case enginePb.LogSeverity.ERROR:
      reporter.programError(message, urn);
      break;
    case enginePb.LogSeverity.WARNING:
      reporter.warn(message, urn);
      break;
    case enginePb.LogSeverity.INFO:
      reporter.info(message, urn);
      break;
    default:
  }
}

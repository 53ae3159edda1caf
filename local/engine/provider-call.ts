import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { type PartialResult, ProviderFailure } from "./provider-failure.ts";
import { fromStruct } from "./values.ts";

/** Codes with which gRPC itself says that no answer came. */
const UNCERTAIN: readonly number[] = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];

export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/**
 * One call of a provider's method, with a deadline.
 * @throws {ProviderFailure}
 */
export function call<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  deadlineMs: number,
  metadata = new Metadata(),
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  method(request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) => {
    if (error === null) resolve(response);
    else reject(failure(error, deadlineMs));
  });
  return promise;
}

/** Whether a provider lacks the method, which is well for the optional ones. */
export function isUnimplemented(error: unknown): boolean {
  return (
    error instanceof ProviderFailure && (error.cause as Partial<ServiceError>).code === status.UNIMPLEMENTED
  );
}

function failure(error: ServiceError, deadlineMs: number): ProviderFailure {
  const message =
    error.code === status.DEADLINE_EXCEEDED
      ? `the provider did not answer within ${Math.round(deadlineMs / 1000)} s`
      : error.details || error.message;
  return new ProviderFailure(message, {
    cause: error,
    uncertain: UNCERTAIN.includes(error.code),
    partial: partialResult(error),
  });
}

/** Providers tell of a resource that was made and does not work by `ErrorResourceInitFailed` among the status's details. */
function partialResult(error: ServiceError): PartialResult | undefined {
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(details instanceof Uint8Array)) return undefined;
  for (const detail of statusPb.Status.deserializeBinary(new Uint8Array(details)).getDetailsList()) {
    if (!(detail instanceof anyPb.Any) || !detail.getTypeUrl().endsWith("/pulumirpc.ErrorResourceInitFailed"))
      continue;
    const failed = providerPb.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    return { id: failed.getId(), outputs: fromStruct(failed.getProperties()) };
  }
  return undefined;
}

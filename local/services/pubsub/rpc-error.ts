import { status } from "@grpc/grpc-js";

/** A refusal with the status code that Google answers in the same case. */
export class RpcError extends Error {
  readonly code: status;

  constructor(code: status, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcError";
    this.code = code;
  }
}

export function notFound(resource: string): RpcError {
  const id = resource.split("/").at(-1);
  return new RpcError(status.NOT_FOUND, `Resource not found (resource=${id}): there is no ${resource}.`);
}

export function invalid(message: string): RpcError {
  return new RpcError(status.INVALID_ARGUMENT, message);
}

export function unimplemented(feature: string): RpcError {
  return new RpcError(status.UNIMPLEMENTED, `The local Pub/Sub does not implement ${feature}.`);
}

import {
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServiceError,
  status,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { Logging, Principal } from "../../kernel/contract.ts";
import { PermissionDenied } from "../../kernel/refusals.ts";
import { RpcError } from "./rpc-error.ts";

export interface Call {
  readonly principal: Principal;
  /** Fires when the caller hung up or its deadline passed. */
  readonly cancelled: AbortSignal;
}

export type Method = (request: never, call: Call) => unknown;

/** Makes a gRPC handler of a function that returns the answer, or throws a refusal. */
export function unary(method: Method, principal: Principal, logging: Logging): UntypedHandleCall {
  const handle: handleUnaryCall<unknown, unknown> = (call, callback) => {
    answer(method, principal, call).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toRefusal(error, logging)),
    );
  };
  return handle as UntypedHandleCall;
}

async function answer(method: Method, principal: Principal, call: ServerUnaryCall<unknown, unknown>) {
  const cancelled = new AbortController();
  call.once("cancelled", () => cancelled.abort());
  return method(call.request as never, { principal, cancelled: cancelled.signal });
}

/** What a caller is told of `error`: a refusal as it is, and of a failure no more than that there was one. */
export function toRefusal(error: unknown, logging: Logging): Pick<ServiceError, "code" | "details"> {
  if (error instanceof RpcError) return { code: error.code, details: error.message };
  if (error instanceof PermissionDenied) return { code: status.PERMISSION_DENIED, details: error.message };
  const detail = error instanceof Error ? error.stack : String(error);
  logging.write({ severity: "ERROR", source: "pubsub", message: `A call failed: ${detail}` });
  return { code: status.INTERNAL, details: "Internal error encountered." };
}

import type { ServerResponse } from "node:http";
import { answerText } from "../../kernel/answer-text.ts";
import { PermissionDenied } from "../../kernel/refusals.ts";
import { BodyTooLarge } from "./read-body.ts";

/** The canonical codes that these APIs answer with. @see https://cloud.google.com/apis/design/errors#http_mapping */
const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  UNIMPLEMENTED: 501,
} as const;

/** A refusal in the shape of `google.rpc.Status`, which all of Google's newer APIs answer. */
export class RpcRefusal extends Error {
  readonly code: keyof typeof HTTP_STATUS;

  constructor(code: keyof typeof HTTP_STATUS, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RpcRefusal";
    this.code = code;
  }
}

/** Answers `error` if it is a refusal; anything else is a fault of the cloud's own and thrown on. */
export function answerRefusal(response: ServerResponse, error: unknown): void {
  const refusal = asRefusal(error);
  const code = HTTP_STATUS[refusal.code];
  answerJson(response, code, { error: { code, message: refusal.message, status: refusal.code } });
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  answerText(response, status, "application/json; charset=UTF-8", JSON.stringify(body));
}

function asRefusal(error: unknown): RpcRefusal {
  if (error instanceof RpcRefusal) return error;
  if (error instanceof PermissionDenied) return new RpcRefusal("PERMISSION_DENIED", error.message);
  if (error instanceof BodyTooLarge) return new RpcRefusal("INVALID_ARGUMENT", error.message);
  throw error;
}

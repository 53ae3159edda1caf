import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcePosition, StackTrace } from "@pulumi/pulumi/proto/source_pb.js";

/** The frame whose line is a resource's number in the order of construction; put last by `program-positions.ts`. */
export const ORDER_URI = "order:";

/** Where in the program a resource is made. */
export interface Origin {
  /** Its number in the order of construction; 0 if the program does not say. */
  readonly order: number;
  /** `FILE:LINE`, the file relative to the project's folder if it is in there. */
  readonly at?: string;
}

interface Positioned {
  getSourceposition(): SourcePosition | undefined;
  getStacktrace(): StackTrace | undefined;
}

export function originOf(request: Positioned, rootDirectory: string): Origin {
  const last = request.getStacktrace()?.getFramesList().at(-1)?.getPc();
  const order = last?.getUri() === ORDER_URI ? last.getLine() : 0;
  const position = request.getSourceposition();
  if (!position?.getUri().startsWith("file:")) return { order };
  const path = fileURLToPath(position.getUri());
  const inside = relative(rootDirectory, path);
  return { order, at: `${inside.startsWith("..") ? path : inside}:${position.getLine()}` };
}

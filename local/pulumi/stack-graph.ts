import { join } from "node:path";
import { Failure } from "../../operator/terminal/failure.ts";
import type { ResourceGraph } from "../../review/graph/resource-graph.ts";
import { REPOSITORY } from "../kernel/place.ts";
import { judge } from "./judgement.ts";
import { LOCAL_STACK } from "./local-stack.ts";
import { serveOffline } from "./offline-providers.ts";
import { previewWorkspace } from "./preview-workspaces.ts";
import type { Program } from "./program.ts";
import type { Settings } from "./workspace.ts";

/** Beside the bundles: a stack's settings are encrypted once for as long as they stay the same. */
const WORKSPACES = join(REPOSITORY, "node_modules", ".cache", "graphs");

/**
 * All that a program makes in a stack that has nothing yet. Judged as for a preview, and no state folder is touched.
 *
 * @throws {Failure} with the first of its mistakes
 */
export async function stackGraph(
  stack: string,
  program: Program,
  settings: Settings,
  signal: AbortSignal,
): Promise<ResourceGraph> {
  const workspace = await previewWorkspace(WORKSPACES, stack, program, settings, { kind: "nothing" });
  await using providers = await serveOffline(stack === LOCAL_STACK);
  const { graph, mistakes } = await judge({ program, workspace, providers, signal });
  const [first] = mistakes;
  if (graph === undefined || first !== undefined) {
    throw new Failure(
      `Stack "${stack}" has ${mistakes.length} mistakes; the first: ${first?.message ?? "?"}`,
    );
  }
  return graph;
}

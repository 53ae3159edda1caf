import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { EXIT, Failure } from "../../../operator/terminal/failure.ts";
import { InvalidPreview, readPreview, type StackPreview } from "../../../review/preview/stack-preview.ts";
import { DEFAULT_PORT_BASE, portsFrom } from "../../kernel/claim-ports.ts";
import { REPOSITORY } from "../../kernel/place.ts";
import { diagnosticOf } from "../../pulumi/diagnostics.ts";
import { type Judgement, judge } from "../../pulumi/judgement.ts";
import { LOCAL_STACK, PROJECT } from "../../pulumi/local-stack.ts";
import { serveImagining } from "../../pulumi/offline-providers.ts";
import { previewWorkspace } from "../../pulumi/preview-workspaces.ts";
import { Program } from "../../pulumi/program.ts";
import { CliFailure } from "../../pulumi/pulumi-cli.ts";
import { sourcesHash } from "../../pulumi/sources.ts";
import type { Workspace } from "../../pulumi/workspace.ts";
import { readLocalConfig, readStackConfig, type StackConfig } from "../stack-config.ts";
import type { BaseRevision } from "./base-revision.ts";

/** What decides what a base looks like, beside its program: providers, and what drives them. */
const MAKERS = ["local", "review"];
const MOST_ERRORS = 10;

export interface Comparison {
  readonly stateDir: string;
  readonly stack: string;
  readonly base: BaseRevision;
  /** As it is now. */
  readonly program: Program;
  readonly signal?: AbortSignal;
}

/** What the program as it is now would change in a stack that a former one had made. Touches no cloud. */
export async function compareStack(comparison: Comparison): Promise<StackPreview> {
  const { stateDir, stack, program, signal } = comparison;
  const made = await madeByBase(comparison);
  const config = configOf(stack, program.folder);
  const workspace = await previewWorkspace(stateDir, stack, program, config, { kind: "copy", of: made });
  await using providers = await serveImagining(stack === LOCAL_STACK);
  const flags = ["--json", "--show-sames"];
  const judged = await judge({ program, workspace, providers, flags, ...(signal && { signal }) });
  return previewOf(stack, judged);
}

/** With what is wrong with the program in it; of one that did not come to its end, that alone. */
function previewOf(stack: string, { shown, mistakes }: Judgement): StackPreview {
  const diagnostics = mistakes.map(({ urn, at, message }) => ({
    ...(urn !== undefined && { urn }),
    message: at === undefined ? message : `${at}: ${message}`,
    severity: "error",
  }));
  try {
    const preview = readPreview(shown);
    return { ...preview, diagnostics: [...withoutErrors(preview), ...diagnostics] };
  } catch (error) {
    if (!(error instanceof InvalidPreview) || diagnostics.length === 0) throw error;
    return { stack, project: PROJECT, config: {}, changes: [], diagnostics };
  }
}

/** Those that the judgement tells better. */
function withoutErrors({ diagnostics }: StackPreview): StackPreview["diagnostics"] {
  return diagnostics.filter(({ severity }) => severity !== "error");
}

/** The stack as the base would have made it: its state holds what only a cloud can say as something made up. */
function madeByBase({ stateDir, stack, base, signal }: Comparison): Promise<Workspace> {
  const program = new Program(base.folder, true);
  const of = `${base.commit} ${sourcesHash(REPOSITORY, MAKERS)}`;
  return previewWorkspace(stateDir, stack, program, configOf(stack, base.folder), {
    kind: "made",
    of,
    async make(workspace) {
      await using providers = await serveImagining(stack === LOCAL_STACK);
      const made = await workspace.open(program, providers.ports, ["--suppress-progress"]);
      const events: EngineEvent[] = [];
      try {
        await made.up({
          onOutput: () => undefined,
          onEvent: (event) => events.push(event),
          ...(signal && { signal }),
        });
      } catch (error) {
        if (!(error instanceof CliFailure) || signal?.aborted) throw error;
        throw cannotBeMade(base, stack, events, error);
      }
    },
  });
}

function cannotBeMade(
  { name, commit }: BaseRevision,
  stack: string,
  events: readonly EngineEvent[],
  cause: CliFailure,
): Failure {
  const errors = events.flatMap(diagnosticOf).filter(({ severity }) => severity === "error");
  const told = [...new Set(errors.map(({ message }) => message.trim()))].slice(0, MOST_ERRORS);
  return new Failure(
    `The program of ${name} (${commit.slice(0, 12)}) does not run for stack "${stack}", so that there is nothing to compare with:\n${told.join("\n") || cause.message}`,
    EXIT.failed,
    { cause },
  );
}

/** Where the local cloud listens is the same for both. */
function configOf(stack: string, folder: string): StackConfig {
  const config = readStackConfig(stack, {}, folder);
  if (stack !== LOCAL_STACK) return config;
  return { ...config, values: readLocalConfig({}, portsFrom(DEFAULT_PORT_BASE), folder) };
}

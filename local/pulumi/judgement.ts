import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { ResourceGraph } from "../../review/graph/resource-graph.ts";
import { lossesIn, type PlannedStep } from "../../review/losses.ts";
import { nameOf, typeOf } from "../provider/requests.ts";
import { type Diagnostic, diagnosticOf } from "./diagnostics.ts";
import { existingNames } from "./existing.ts";
import { holdingOf, type OfflineProviders } from "./offline-providers.ts";
import { type Plan, plannedGraph, readPlan } from "./planned-graph.ts";
import type { Program } from "./program.ts";
import { CliFailure } from "./pulumi-cli.ts";
import type { Workspace } from "./workspace.ts";

/** What is wrong with the program, and where: mended there, not by trying again. */
export interface Mistake {
  readonly urn?: string;
  /** `FILE:LINE` */
  readonly at?: string;
  readonly message: string;
}

export interface Judgement {
  /** In the order in which the program makes its resources. */
  readonly mistakes: readonly Mistake[];
  /** What the preview said, in Pulumi's own words; of use where there is no mistake. */
  readonly shown: string;
  readonly changeSummary: Readonly<Record<string, number>>;
  /** What would go with what it holds. */
  readonly losses: readonly Mistake[];
  /** What a service will refuse unless somebody has seen to it outside of the program. */
  readonly doubts: readonly Mistake[];
  /** All that the program makes; nothing, if it did not come to its end. */
  readonly graph?: ResourceGraph;
}

export interface JudgementOptions {
  readonly program: Program;
  readonly workspace: Workspace;
  readonly providers: OfflineProviders;
  /** Of Pulumi's preview: how it shows what it plans. */
  readonly flags?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Previews a program with providers that note mistakes instead of failing, and then has them judge the plan as a whole.
 * Changes nothing.
 */
export async function judge(options: JudgementOptions): Promise<Judgement> {
  const { program, workspace, providers, flags = [], signal } = options;
  const folder = mkdtempSync(join(tmpdir(), "plan-"));
  const planFile = join(folder, "plan.json");
  const events: EngineEvent[] = [];
  let shown = "";
  try {
    const stack = await workspace.open(program, providers.ports, [...flags, "--save-plan", planFile]);
    let ended: CliFailure | undefined;
    try {
      await stack.preview({
        onEvent: (event) => events.push(event),
        onOutput: (text) => {
          shown += text;
        },
        ...(signal && { signal }),
      });
    } catch (error) {
      if (!(error instanceof CliFailure)) throw error;
      ended = error;
    }
    const diagnostics = events.flatMap(diagnosticOf);
    const refusals = providers.notes.flatMap((notes) => notes.refusals());
    // Of a program that did not come to its end, nobody knows what else it would make.
    const plan = ended === undefined ? readPlan(planFile) : undefined;
    const existing = existingNames(workspace);
    const judged = plan === undefined ? [] : judgePlan(plan, providers, program, existing);
    const [misfits, doubts] = [false, true].map((isDoubt) =>
      judged.filter((each) => (each.isDoubt ?? false) === isDoubt).map(toMistake),
    );
    const mistakes = inOrder(program, [
      ...refusals.map(toMistake),
      ...(misfits ?? []),
      ...program.registeredTwice,
      ...(ended === undefined ? [] : errorsOf(diagnostics, program, ended)),
    ]);
    return {
      mistakes,
      doubts: inOrder(program, doubts ?? []),
      shown,
      changeSummary: summaryOf(events),
      ...(plan && { graph: plannedGraph(events, plan) }),
      losses: inOrder(
        program,
        lossesIn(events.flatMap(stepOf), holdingOf, (urn) => program.origins.get(urn)?.at),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judgePlan(plan: Plan, { notes }: OfflineProviders, program: Program, existing: readonly string[]) {
  const dependencies = new Map(
    [...plan].map(([urn, { propertyDependencies }]) => [urn, propertyDependencies]),
  );
  return notes.flatMap((each) => each.judge(dependencies, (urn) => orderIn(program, urn), existing));
}

function toMistake({ urn, reason }: { readonly urn: string; readonly reason: string }): Mistake {
  return { urn, message: about(urn, reason) };
}

/** What the engine and the program said themselves. A resource that is registered twice has been told. */
function errorsOf(
  diagnostics: readonly Diagnostic[],
  { registeredTwice, folder }: Program,
  ended: CliFailure,
): readonly Mistake[] {
  const errors = diagnostics.filter(
    ({ severity, message }, index) =>
      severity === "error" &&
      !registeredTwice.some((twin) => message.includes(twin.message)) &&
      // The engine says again for the stack, in part, what the program has said.
      !diagnostics.some(
        (other, earlier) =>
          other.severity === "error" &&
          other.message.includes(message) &&
          (other.message !== message || earlier < index),
      ),
  );
  if (errors.length === 0 && registeredTwice.length === 0) return [{ message: ended.message }];
  return errors.map(({ urn, message }) => {
    const at = urn === undefined ? placeIn(message, folder) : undefined;
    const told = at === undefined ? message : withoutStack(message);
    return { ...(urn !== undefined && { urn }), ...(at !== undefined && { at }), message: told };
  });
}

/** Of an error that nobody caught, what it says. */
function withoutStack(message: string): string {
  return message.replace(/^Unhandled exception: /, "").replace(/(\n\s+at .*)+$/s, "");
}

/** Of an error that nobody caught, the first line of the program's own that its stack names. */
function placeIn(message: string, folder: string): string | undefined {
  for (const [, path = "", line] of message.matchAll(/file:\/\/([^\s?)]+)(?:\?[^:\s)]*)?:(\d+):\d+/g)) {
    if (path.startsWith(`${folder}/`) && !path.includes("/node_modules/")) {
      return `${path.slice(folder.length + 1)}:${line}`;
    }
  }
  return undefined;
}

function inOrder(program: Program, mistakes: readonly Mistake[]): readonly Mistake[] {
  const orderOf = ({ urn }: Mistake) => orderIn(program, urn);
  return [...mistakes]
    .sort((left, right) => orderOf(left) - orderOf(right))
    .map((mistake) => placed(mistake, program));
}

/** What is about no resource comes last. */
function orderIn({ origins }: Program, urn: string | undefined): number {
  return (urn === undefined ? undefined : origins.get(urn)?.order) ?? Number.MAX_SAFE_INTEGER;
}

function placed(mistake: Mistake, { origins }: Program): Mistake {
  const at = mistake.at ?? (mistake.urn === undefined ? undefined : origins.get(mistake.urn)?.at);
  return { ...mistake, ...(at !== undefined && { at }) };
}

function stepOf({ resourcePreEvent }: EngineEvent): readonly PlannedStep[] {
  if (resourcePreEvent === undefined) return [];
  const { op, urn, keys } = resourcePreEvent.metadata;
  return [{ op: String(op), urn, ...(keys && { keys }) }];
}

/** A sentence about a resource begins with its name, once. */
export function about(urn: string, sentence: string): string {
  const subject = `Resource "${nameOf({ urn })}" (${typeOf({ urn })})`;
  return sentence.startsWith(subject) ? sentence : `${subject}: ${sentence}`;
}

function summaryOf(events: readonly EngineEvent[]): Readonly<Record<string, number>> {
  const summary = events.findLast(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
  return { ...summary?.resourceChanges };
}

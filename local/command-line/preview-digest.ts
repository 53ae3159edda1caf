import type { DeployedResource } from "../engine/deployed-resource.ts";
import type { DetailedKind, EngineEvent, Step, UpdateResult } from "../engine/events.ts";
import { STACK_TYPE } from "../engine/records.ts";

/** Go's durations are in nanoseconds. */
const NANOSECONDS_PER_MS = 1_000_000;
const MASK = "[secret]";

/**
 * What `pulumi preview --json` prints, so that what reads the one can read the other.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/display/json.go PreviewDigest
 * @see https://github.com/pulumi/pulumi/blob/master/pkg/backend/display/json.go how it is filled
 */
export interface PreviewDigest {
  /** Secrets are blinded. */
  readonly config: Readonly<Record<string, string>>;
  readonly steps: readonly PreviewStep[];
  readonly diagnostics: readonly PreviewDiagnostic[];
  /** Nanoseconds. */
  readonly duration: number;
  /** Components count here, and so does the stack itself. */
  readonly changeSummary: Readonly<Record<string, number>>;
}

export interface PreviewStep {
  readonly op: Step["op"] | "create-replacement";
  readonly urn: string;
  readonly provider?: string;
  readonly oldState?: DeployedResource;
  readonly newState?: DeployedResource;
  readonly diffReasons?: readonly string[];
  readonly replaceReasons?: readonly string[];
  readonly detailedDiff: Readonly<Record<string, { kind: DetailedKind; inputDiff: boolean }>> | null;
}

export interface PreviewDiagnostic {
  readonly urn?: string;
  readonly message: string;
  readonly severity: "info" | "warning" | "error" | "info#err";
}

export interface DigestOptions {
  /** Also what stays the same. @default false, as Pulumi's. */
  readonly showSames?: boolean;
  /** Also the two halves of a replacement. @default false, as Pulumi's. */
  readonly showReplacementSteps?: boolean;
}

export function previewDigest(
  config: { readonly values: Readonly<Record<string, string>>; readonly secretKeys: readonly string[] },
  events: readonly EngineEvent[],
  { steps, durationMs }: UpdateResult,
  options: DigestOptions = {},
): PreviewDigest {
  return {
    config: Object.fromEntries(
      Object.entries(config.values).map(([key, value]) => [
        key,
        config.secretKeys.includes(key) ? MASK : value,
      ]),
    ),
    steps: steps.filter((step) => step.error === undefined).flatMap((step) => previewSteps(step, options)),
    diagnostics: events.flatMap(diagnosticOf),
    duration: durationMs * NANOSECONDS_PER_MS,
    changeSummary: summaryOf(steps),
  };
}

/** A replacement is one logical step; its halves are steps of their own that are shown when asked for. */
function previewSteps(step: Step, options: DigestOptions): readonly PreviewStep[] {
  const { op, type } = step;
  if (op === "same" && !options.showSames && type !== STACK_TYPE) return [];
  if (op === "delete-replaced" && !options.showReplacementSteps) return [];
  if (op !== "replace" || !options.showReplacementSteps) return [previewStep(step, op)];
  return [previewStep(step, "create-replacement"), previewStep(step, "replace")];
}

function previewStep(step: Step, op: PreviewStep["op"]): PreviewStep {
  const { urn, oldState, newState, diff = [], detailedDiff } = step;
  const provider = newState?.provider ?? oldState?.provider;
  const diffReasons = topLevel(diff.map(({ path }) => path));
  const replaceReasons = topLevel(diff.filter(({ replaces }) => replaces).map(({ path }) => path));
  return {
    op,
    urn,
    ...(provider !== undefined && { provider }),
    ...(oldState && { oldState }),
    ...(newState && { newState }),
    ...(diffReasons.length > 0 && { diffReasons }),
    ...(replaceReasons.length > 0 && { replaceReasons }),
    detailedDiff: detailedDiff ?? null,
  };
}

function topLevel(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.map((path) => /^[^.[]*/.exec(path)?.[0] ?? path))];
}

/** A replacement counts once, and so does not its second half. */
function summaryOf(steps: readonly Step[]): Readonly<Record<string, number>> {
  const summary: Record<string, number> = {};
  for (const { op, error } of steps) {
    if (error === undefined && op !== "delete-replaced") summary[op] = (summary[op] ?? 0) + 1;
  }
  return summary;
}

function diagnosticOf(event: EngineEvent): readonly PreviewDiagnostic[] {
  if (event.type === "log") {
    return [{ message: event.line, severity: event.stream === "stderr" ? "info#err" : "info" }];
  }
  if (event.type !== "diagnostic") return [];
  const { urn, severity, message, at } = event;
  const place = at === undefined ? "" : `${at}: `;
  return [{ ...(urn !== undefined && { urn }), message: `${severity}: ${place}${message}`, severity }];
}

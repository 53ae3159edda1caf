import { z } from "zod";
import { projectOf, stackOf } from "./urn.ts";

/** What Pulumi writes for a value that is known only once something is made. It may be a part of a longer text. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** What Pulumi writes for a secret. */
export const SECRET = "[secret]";

/** A resource as a state or a plan has it. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  /** Whether a provider makes it; a component is not. */
  readonly custom: boolean;
  /** As the provider checked them: with defaults and names of its own. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Of what is planned they may be absent. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URNs. */
  readonly dependencies: readonly string[];
  /** URNs by the input that they are in. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** URNs that it had, as the program says. What Pulumi's CLI prints of a preview does not tell. */
  readonly aliases?: readonly string[];
  /** Where the program makes it, `project:///…/file:/ABSOLUTE/PATH.ts#LINE,COLUMN`, innermost first. */
  readonly positions: readonly string[];
}

export interface PropertyChange {
  readonly kind: "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";
  /** Whether it is between inputs; otherwise between what was asked for and what there is. */
  readonly inputDiff: boolean;
}

/** One step: `same`, `create`, `update`, `replace`, `delete`, `read`, `refresh`, `import`, … */
export interface PlannedChange {
  readonly op: string;
  readonly urn: string;
  readonly before?: ResourceState;
  readonly after?: ResourceState;
  /** Inputs that force a replacement. */
  readonly replaceReasons: readonly string[];
  /** Inputs that differ. */
  readonly diffReasons: readonly string[];
  /** By property path, `rules[0].action`. */
  readonly detailedDiff: Readonly<Record<string, PropertyChange>>;
}

export interface Diagnostic {
  readonly urn?: string;
  readonly message: string;
  readonly severity: string;
}

/** What an update of a stack would do. */
export interface StackPreview {
  readonly stack: string;
  readonly project: string;
  /** Values as they stand in the settings, lists and maps as JSON; secrets as {@link SECRET}. */
  readonly config: Readonly<Record<string, string>>;
  readonly changes: readonly PlannedChange[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What was given is no preview. */
export class InvalidPreview extends Error {}

const named = z.record(z.string(), z.unknown());

const state = z
  .looseObject({
    urn: z.string(),
    type: z.string(),
    custom: z.boolean().optional(),
    inputs: named.nullish(),
    outputs: named.nullish(),
    parent: z.string().optional(),
    protect: z.boolean().optional(),
    retainOnDelete: z.boolean().optional(),
    dependencies: z.array(z.string()).nullish(),
    propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
    sourcePosition: z.string().optional(),
    stackTrace: z.array(z.looseObject({ sourcePosition: z.string().optional() })).nullish(),
  })
  .transform((read): ResourceState => {
    const frames = (read.stackTrace ?? []).flatMap(({ sourcePosition }) => sourcePosition ?? []);
    const own = read.sourcePosition === undefined ? [] : [read.sourcePosition];
    return {
      urn: read.urn,
      type: read.type,
      custom: read.custom ?? false,
      inputs: read.inputs ?? {},
      outputs: read.outputs ?? {},
      ...(read.parent !== undefined && { parent: read.parent }),
      protect: read.protect ?? false,
      retainOnDelete: read.retainOnDelete ?? false,
      dependencies: read.dependencies ?? [],
      propertyDependencies: Object.fromEntries(
        Object.entries(read.propertyDependencies ?? {}).map(([name, urns]) => [name, urns ?? []]),
      ),
      positions: frames.length > 0 ? frames : own,
    };
  });

const propertyChange = z.looseObject({
  kind: z.enum(["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]),
  inputDiff: z.boolean().default(false),
});

const step = z
  .looseObject({
    op: z.string(),
    urn: z.string(),
    oldState: state.nullish(),
    newState: state.nullish(),
    replaceReasons: z.array(z.string()).nullish(),
    diffReasons: z.array(z.string()).nullish(),
    detailedDiff: z.record(z.string(), propertyChange).nullish(),
  })
  .transform(
    (read): PlannedChange => ({
      op: read.op,
      urn: read.urn,
      ...(read.oldState && { before: read.oldState }),
      ...(read.newState && { after: read.newState }),
      replaceReasons: read.replaceReasons ?? [],
      diffReasons: read.diffReasons ?? [],
      detailedDiff: read.detailedDiff ?? {},
    }),
  );

const digest = z.looseObject({
  config: z.record(z.string(), z.string()).nullish(),
  steps: z.array(step).nullish(),
  diagnostics: z
    .array(z.looseObject({ urn: z.string().optional(), message: z.string(), severity: z.string() }))
    .nullish(),
});

/** Of a preview that printed nothing. */
const NO_PLAN: Diagnostic = {
  severity: "error",
  message: "The preview ended without a plan: the log of the job that made it says why.",
};

/**
 * Reads what `pulumi preview --json` prints.
 *
 * @param stack Whose it is, where no step says so: then one that failed before its first step is read too.
 * @throws {InvalidPreview}
 */
export function readPreview(text: string, stack?: string): StackPreview {
  if (stack !== undefined && text.trim() === "") {
    return { stack, project: "", config: {}, changes: [], diagnostics: [NO_PLAN] };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidPreview("A preview must be what `pulumi preview --json` prints; this is no JSON.", {
      cause,
    });
  }
  const read = digest.safeParse(json);
  if (!read.success) {
    throw new InvalidPreview(
      `A preview must be what \`pulumi preview --json\` prints: ${z.prettifyError(read.error)}`,
      { cause: read.error },
    );
  }
  const { config, steps, diagnostics } = read.data;
  const [first] = steps ?? [];
  const isFailed = (diagnostics ?? []).some(({ severity }) => severity === "error");
  if (first === undefined && (stack === undefined || !isFailed)) {
    throw new InvalidPreview(
      "A preview must have steps: this one was made with none, or ended before the first.",
    );
  }
  return {
    stack: first === undefined ? (stack ?? "") : stackOf(first.urn),
    project: first === undefined ? "" : projectOf(first.urn),
    config: config ?? {},
    changes: steps ?? [],
    diagnostics: (diagnostics ?? []).map(({ urn, message, severity }) => ({
      ...(urn !== undefined && { urn }),
      message,
      severity,
    })),
  };
}

import { readPreview, type StackPreview } from "../preview/stack-preview.ts";

/** A step as a test says it; what it leaves out is as in most. */
export interface StepOf {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  readonly before?: object;
  readonly after?: object;
  /** Of both states, beside their inputs. */
  readonly state?: object;
  readonly detailedDiff?: Readonly<Record<string, { readonly kind: string; readonly inputDiff?: boolean }>>;
  readonly replaceReasons?: readonly string[];
}

export function urnOf(type: string, name: string, stack = "prod"): string {
  return `urn:pulumi:${stack}::platform::${type}::${name}`;
}

/** What `pulumi preview --json` would print of these steps, as it is read. */
export function previewOf(
  steps: readonly StepOf[],
  { stack = "prod", diagnostics = [] as readonly object[] } = {},
): StackPreview {
  const stateOf = (step: StepOf, inputs: object | undefined) =>
    inputs && {
      urn: urnOf(step.type, step.name, stack),
      type: step.type,
      custom: true,
      inputs,
      ...step.state,
    };
  return readPreview(
    JSON.stringify({
      steps: steps.map((step) => ({
        op: step.op,
        urn: urnOf(step.type, step.name, stack),
        oldState: stateOf(step, step.before),
        newState: stateOf(step, step.after),
        detailedDiff: step.detailedDiff ?? inputDiff(step),
        replaceReasons: step.replaceReasons,
      })),
      diagnostics,
    }),
  );
}

/** Of the inputs themselves, where the test does not say more. */
function inputDiff({ before = {}, after = {}, op }: StepOf): StepOf["detailedDiff"] {
  if (op !== "update" && op !== "replace") return {};
  const [old, next] = [before, after] as readonly Readonly<Record<string, unknown>>[];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = names.filter((name) => JSON.stringify(old?.[name]) !== JSON.stringify(next?.[name]));
  return Object.fromEntries(
    differing.map((name) => [
      name,
      { kind: op === "replace" ? "update-replace" : "update", inputDiff: true },
    ]),
  );
}

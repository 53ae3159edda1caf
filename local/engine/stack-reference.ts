import { EngineRefusal } from "./engine-refusal.ts";
import { STACK_TYPE } from "./records.ts";
import { StackState } from "./stack-state.ts";
import { containsSecret, type Properties } from "./values.ts";

export const STACK_REFERENCE_TYPE = "pulumi:pulumi:StackReference";

/**
 * The outputs of another stack of this machine, as the SDK's StackReference has them.
 * @param name `STACK`, `PROJECT/STACK` or `ORGANIZATION/PROJECT/STACK`; there are no organizations here.
 * @throws {EngineRefusal} when there is no such stack.
 * @see https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
 */
export function readStackReference(stateDir: string, name: string, subject: string): Properties {
  const [stack = "", project] = name.split("/").toReversed();
  if (!StackState.exists(stateDir, stack)) {
    throw new EngineRefusal(`${subject}: there is no stack "${stack}" in ${stateDir}; run up for it first.`);
  }
  const state = StackState.read(stateDir, stack);
  if (project !== undefined && project !== state.project) {
    throw new EngineRefusal(
      `${subject}: the stack "${stack}" in ${stateDir} must be of project "${project}"; it is of "${state.project}".`,
    );
  }
  const outputs = state.resources.find(({ type }) => type === STACK_TYPE)?.outputs ?? {};
  return {
    name,
    outputs,
    secretOutputNames: Object.keys(outputs).filter((output) => containsSecret(outputs[output])),
  };
}

import { resolve } from "node:path";
import { masked } from "./masking.ts";
import { isDefaultProvider } from "./provider-references.ts";
import { STACK_TYPE } from "./records.ts";
import { StackState } from "./stack-state.ts";
import { type Properties, withoutSecrecy } from "./values.ts";

export interface ResourceView {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  readonly id: string;
  readonly parent: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

export interface StackView {
  readonly outputs: Properties;
  /** Components too; not the stack itself. */
  readonly resources: readonly ResourceView[];
}

/**
 * What a stack consists of, as the last update left it; `undefined` if it never was.
 * @param showSecrets In the clear. @default false, masked
 * @throws {EngineRefusal} when the state cannot be read.
 */
export function readStack(
  stateDir: string,
  stack: string,
  { showSecrets = false }: { showSecrets?: boolean } = {},
): StackView | undefined {
  if (!StackState.exists(stateDir, stack)) return undefined;
  const shown = showSecrets ? (properties: Properties) => withoutSecrecy(properties) as Properties : masked;
  const { resources } = StackState.read(resolve(stateDir), stack);
  return {
    outputs: shown(resources.find(({ type }) => type === STACK_TYPE)?.outputs ?? {}),
    resources: resources
      .filter((resource) => resource.type !== STACK_TYPE && !isDefaultProvider(resource))
      .map(({ urn, type, custom, id, parent, inputs, outputs }) => {
        return { urn, type, custom, id, parent, inputs: shown(inputs), outputs: shown(outputs) };
      }),
  };
}

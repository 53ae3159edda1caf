import type { Properties } from "../../review/rules/values.ts";
import { GCP_FUNCTIONS } from "../services/google/functions.ts";
import type { ProviderConfig } from "./kind.ts";
import { ProviderError } from "./provider-error.ts";
import type { Failure } from "./requests.ts";

export interface FunctionCall {
  readonly args: Properties;
  readonly config: ProviderConfig;
  /** Whether projects are the local cloud's, whose numbers and accounts are known without asking anybody. */
  readonly local: boolean;
}

export type FunctionResult = { readonly result: Properties } | { readonly failures: readonly Failure[] };

/** A function of a package, answered without a network. UNKNOWN in its result is what only the service can say. */
export type ProviderFunction = (call: FunctionCall) => FunctionResult;

const FUNCTIONS: Readonly<Record<string, Readonly<Record<string, ProviderFunction>>>> = {
  gcp: GCP_FUNCTIONS,
};

/** @throws {ProviderError} UNIMPLEMENTED, naming the functions that there are. */
export function invokeFunction(packageName: string, token: string, call: FunctionCall): FunctionResult {
  const functions = FUNCTIONS[packageName] ?? {};
  const invoked = Object.hasOwn(functions, token) ? functions[token] : undefined;
  if (invoked) return invoked(call);
  throw new ProviderError(
    "UNIMPLEMENTED",
    `The local ${packageName} provider has no function ${token}; it has ${Object.keys(functions).join(", ") || "none"}.`,
  );
}

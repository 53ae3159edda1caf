import type { FunctionCall, FunctionResult, Package } from "./package.ts";
import { ProviderError } from "./provider-error.ts";

/** @throws {ProviderError} UNIMPLEMENTED, naming the functions that there are. */
export function invokeFunction(
  { name: packageName, functions }: Pick<Package, "name" | "functions">,
  token: string,
  call: FunctionCall,
): FunctionResult {
  const invoked = Object.hasOwn(functions, token) ? functions[token] : undefined;
  if (invoked) return invoked(call);
  throw new ProviderError(
    "UNIMPLEMENTED",
    `The local ${packageName} provider has no function ${token}; it has ${Object.keys(functions).join(", ") || "none"}.`,
  );
}

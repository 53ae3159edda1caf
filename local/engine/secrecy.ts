import {
  containsSecret,
  isAsset,
  isProperties,
  isSecret,
  type Properties,
  secret,
  type Value,
} from "./values.ts";

/**
 * Marks as secret whatever bears the name of a secret input, and the `additional` names.
 * Providers are free to mark more; none can take a mark away.
 */
export function markSecrets(
  outputs: Properties,
  inputs: Properties,
  additional: readonly string[],
): Properties {
  const marked: Record<string, Value> = {};
  for (const [name, value] of Object.entries(outputs)) {
    marked[name] = additional.includes(name) ? secret(value) : markLike(value, inputs[name]);
  }
  return marked;
}

function markLike(output: Value, input: Value | undefined): Value {
  if (input === undefined || isSecret(output)) return output;
  if (isSecret(input)) return secret(output);
  if (isProperties(input) && isProperties(output) && !isAsset(output)) {
    return Object.fromEntries(
      Object.entries(output).map(([name, value]) => [name, markLike(value, input[name])]),
    );
  }
  // Items of a list may be reordered by the provider, so one secret item makes the whole list one.
  return containsSecret(input) ? secret(output) : output;
}

import { isSecret, type Properties, rewriteProperties, UNKNOWN } from "./values.ts";

/** What is shown in place of a secret. */
export const MASK = "[secret]";
/** What is shown in place of a value that only an update will tell. */
export const UNKNOWN_MASK = "[unknown]";

/** Properties without what is secret in them; what is unknown stays marked as Pulumi marks it. */
export function withMaskedSecrets(properties: Properties): Properties {
  return rewriteProperties(properties, (value) => (isSecret(value) ? MASK : undefined));
}

/** Properties fit for eyes and logs. Everything that leaves the engine, other than to providers and the program, goes through here. */
export function masked(properties: Properties): Properties {
  return rewriteProperties(properties, (value) => {
    if (isSecret(value)) return MASK;
    return value === UNKNOWN ? UNKNOWN_MASK : undefined;
  });
}

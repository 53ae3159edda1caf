import { z } from "zod";

/** @see https://cloud.google.com/resource-manager/docs/creating-managing-projects */
export const projectId = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    "must be 6 to 30 lower-case letters, digits and hyphens, the first a letter, the last no hyphen",
  )
  .refine((id) => !/google|ssl/.test(id), 'must not hold "google" or "ssl", which Google gives to nobody');
export const region = z
  .string()
  .regex(/^[a-z]+-[a-z]+\d+$/, "must be a Google Cloud region such as europe-west1");
export const member = z
  .string()
  .regex(
    /^(user|group|serviceAccount|domain|principal|principalSet):\S+$/,
    "must be an IAM member such as group:platform@example.com",
  );
export const byName = <Value extends z.ZodType>(value: Value) =>
  z.record(z.string().regex(/^[a-z][a-z0-9-]{0,15}$/, "must be a short kebab-case name"), value);

/** A configuration that breaks the schema, with every mistake in one message. */
export class InvalidConfig extends Error {
  readonly code = "INVALID_CONFIG";
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    super(`The stack's configuration has ${count}:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`);
    this.name = "InvalidConfig";
    this.mistakes = mistakes;
  }
}

/**
 * Holds a program's configuration against its schema.
 *
 * @param namespace of the program's own keys, which stand in the schema without it
 * @param values text as it stands in `Pulumi.STACK.yaml`, objects as JSON
 * @throws {InvalidConfig} with the key, the rule and the value of every mistake.
 */
export function checkedConfig<Schema extends z.ZodObject>(
  schema: Schema,
  namespace: string,
  values: Readonly<Record<string, string>>,
): z.output<Schema> {
  const parsed = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, fromText(schema, key, value)]),
  );
  const result = schema.safeParse(parsed, { error: ruleOf });
  if (result.success) return result.data;
  throw new InvalidConfig(
    result.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => `${keyIn(namespace, [...issue.path, key])}: ${issue.message}.`)
        : [`${keyIn(namespace, issue.path)}: ${issue.message}; got ${show(valueAt(parsed, issue.path))}.`],
    ),
  );
}

/** Pulumi hands on every value as text; only keys that are text in the schema may look like something else. */
function fromText(schema: z.ZodObject, key: string, value: string): unknown {
  if (schema.shape[key] instanceof z.ZodString) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** In the words of the schema's own rules, for those that it leaves to zod. */
function ruleOf(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    return `must be ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
  }
  if (issue.code === "unrecognized_keys" && issue.inst instanceof z.ZodObject) {
    return `is not a key of the configuration; the keys here are ${Object.keys(issue.inst.shape).join(", ")}`;
  }
  if (issue.code === "invalid_union" && Array.isArray(issue.options)) {
    return `must be one of ${issue.options.join(", ")}`;
  }
  if (issue.code === "too_small") {
    return issue.origin === "string" || issue.origin === "array"
      ? "must not be empty"
      : `must be ${issue.minimum} or more`;
  }
  if (issue.code === "too_big") {
    return issue.origin === "string"
      ? `must have ${issue.maximum} characters or less`
      : `must be ${issue.maximum} or less`;
  }
  return undefined;
}

/** As one would look for it in `Pulumi.STACK.yaml`. */
export function keyIn(namespace: string, path: readonly PropertyKey[]): string {
  const key = path.map(String).join(".");
  return key.includes(":") ? key : `${namespace}:${key}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

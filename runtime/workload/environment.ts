import * as z from "zod";

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|CREDENTIAL|PRIVATE|API_KEY|WEBHOOK|DSN/i;
const SHOWN_LENGTH = 60;

/** Comma-separated, of one value at least. */
export const listVariable = z
  .string()
  .min(1)
  .transform((list) => list.split(","));

/** An environment that breaks the schema, with every mistake in one message. */
export class InvalidEnvironment extends Error {
  readonly code = "INVALID_ENVIRONMENT";
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
    super(`The environment has ${count}:\n${mistakes.map((mistake) => `  ${mistake}`).join("\n")}`);
    this.name = "InvalidEnvironment";
    this.mistakes = mistakes;
  }
}

/**
 * Reads what `schema` names from `env` and leaves the rest alone.
 *
 * @throws {InvalidEnvironment} listing each mistake: the variable, the rule and the value,
 *   which is masked where the variable's name or the value itself looks like a secret.
 */
export function parseEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  env: NodeJS.ProcessEnv = process.env,
): z.output<Schema> {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  throw new InvalidEnvironment(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? "environment");
      const value = env[name];
      return value === undefined
        ? `${name} must be set.`
        : `${name}: ${issue.message}; got ${shown(name, value)}.`;
    }),
  );
}

function shown(name: string, value: string): string {
  if (SECRET_NAME.test(name) || value.includes("-----BEGIN")) return "[secret]";
  return JSON.stringify(value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value);
}

import { STATUS_CODES } from "node:http";
import { z } from "@hono/zod-openapi";
import { quotedValue, shownText } from "./quoted-value.ts";

export const problemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    /** Stable, for programs. */
    code: z.string(),
    /** What is wrong with which field, as far as fields are to blame. */
    errors: z
      .array(
        z.object({
          field: z.string(),
          rule: z.string(),
          value: z.string().openapi({
            description: "What was refused, as JSON writes it, cut where it is long; or `nothing`.",
            example: '"*.example.com"',
          }),
        }),
      )
      .optional(),
  })
  .openapi("Problem");

export type Problem = z.output<typeof problemSchema>;
export type FieldError = NonNullable<Problem["errors"]>[number];

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal on its way out: thrown where it is found, answered in one place. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.name = "ProblemError";
    this.status = status;
    this.code = code;
    this.options = options;
  }

  /** @see https://www.rfc-editor.org/rfc/rfc9457 */
  toResponse(): Response {
    const { errors, headers } = this.options;
    const body: Problem = {
      type: "about:blank",
      title: STATUS_CODES[this.status] ?? "Error",
      status: this.status,
      detail: this.message,
      code: this.code,
      ...(errors && { errors: [...errors] }),
    };
    return new Response(JSON.stringify(body), {
      status: this.status,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
    });
  }
}

/** One error a field from what zod found in `data`; names an unknown field by itself. */
export function fieldErrors(error: z.ZodError, data: unknown): readonly FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => fieldError([...path, key], "is not a known field", data));
    }
    return [fieldError(path, issue.message, data)];
  });
}

/** The refusal of one field's value. */
export function invalidField(field: string, rule: string, value: unknown): ProblemError {
  return invalidFields([{ field, rule, value: quotedValue(value) }]);
}

export function invalidFields(errors: readonly FieldError[]): ProblemError {
  const detail = errors.map(({ field, rule, value }) => `${field}: ${rule}; got ${value}.`).join(" ");
  return new ProblemError(400, "invalid-argument", detail, { errors });
}

function fieldError(path: readonly string[], rule: string, data: unknown): FieldError {
  const field = path.map(shownText).join(".") || "body";
  return { field, rule, value: quotedValue(path.reduce(memberOf, data)) };
}

function memberOf(parent: unknown, key: string): unknown {
  return typeof parent === "object" && parent !== null && Object.hasOwn(parent, key)
    ? (parent as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

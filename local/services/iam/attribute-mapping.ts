import { Environment } from "@marcbachmann/cel-js";
import { firstLine } from "./cel-syntax.ts";

const MAX_SUBJECT_BYTES = 127;

/** What a token says, by the names of its claims. */
export type Claims = Readonly<Record<string, unknown>>;

/** Who a token's bearer is to IAM, by `google.subject` and `attribute.NAME`. */
export type Attributes = Readonly<Record<string, string>>;

/** What a provider's mapping and condition say of a token that is genuine. */
export type Mapped =
  | { readonly kind: "mapped"; readonly attributes: Attributes }
  | { readonly kind: "refused"; readonly reason: string };

/** @returns why an expression of a provider's can't be evaluated here, if it can't. */
export function unevaluable(expression: string): string | undefined {
  if (/\bgoogle\./.test(expression)) return "it speaks of google";
  const { valid, error } = scope().check(expression);
  return valid ? undefined : firstLine(error);
}

/**
 * Evaluates a provider's mapping, then its condition. An expression that fails, as one does that asks for a claim
 * which the token lacks, refuses the token.
 *
 * @see https://cloud.google.com/iam/docs/workload-identity-federation#mapping
 */
export function mapClaims(
  claims: Claims,
  mapping: Readonly<Record<string, string>>,
  condition: string | undefined,
): Mapped {
  const environment = scope();
  const attributes: Record<string, string> = {};
  for (const [name, expression] of Object.entries(mapping)) {
    const value = evaluated(() => environment.evaluate(expression, { assertion: claims }));
    if (typeof value !== "string") return refused(`The attribute ${name} could not be mapped to a text.`);
    attributes[name] = value;
  }
  const { "google.subject": subject = "" } = attributes;
  if (subject === "" || Buffer.byteLength(subject) > MAX_SUBJECT_BYTES) {
    return refused(`The mapped google.subject must have 1 to ${MAX_SUBJECT_BYTES} bytes.`);
  }
  if (condition === undefined) return { kind: "mapped", attributes };
  const attribute = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name.replace(/^attribute\./, ""), value]),
  );
  return evaluated(() => environment.evaluate(condition, { assertion: claims, attribute })) === true
    ? { kind: "mapped", attributes }
    : refused("The given credential is rejected by the attribute condition.");
}

/** It lacks `google`, which a condition may speak of at Google: the evaluator keeps that for protocol buffers. */
function scope(): Environment {
  return new Environment().registerVariable("assertion", "map").registerVariable("attribute", "map");
}

/** Nothing, where the evaluation fails. */
function evaluated(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch {
    return undefined;
  }
}

function refused(reason: string): Mapped {
  return { kind: "refused", reason };
}

import { Environment } from "@marcbachmann/cel-js";
import { firstLine } from "./cel-syntax.ts";

/** Whether a grant holds for a resource, by the name that {@link Iam} has for it. */
export type Condition = (resource: string) => boolean;

const SCOPE = new Environment().registerVariable("resource", "map");

/** @returns why a condition can't be evaluated here, if it can't: of a resource the name is known, of a request nothing. */
export function unevaluableCondition(expression: string): string | undefined {
  const { valid, error } = SCOPE.check(expression);
  if (!valid) return firstLine(error);
  const [other] = /\bresource\.(?!name\b)\w+/.exec(expression) ?? [];
  return other === undefined ? undefined : `it speaks of ${other}`;
}

/**
 * A condition of a grant, which holds for nothing where it can't be evaluated.
 *
 * @see https://cloud.google.com/iam/docs/conditions-resource-attributes
 */
export function conditionOf(expression: string): Condition {
  if (unevaluableCondition(expression) !== undefined) return () => false;
  const evaluate = SCOPE.parse(expression);
  return (resource) => {
    // Whatever bucket it is, Google names its project so.
    const name = resource.startsWith("buckets/") ? `projects/_/${resource}` : resource;
    return evaluate({ resource: { name } }) === true;
  };
}

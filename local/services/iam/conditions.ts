/** The one form of condition that the local cloud evaluates. */
const BUCKETS = /^resource\.name\.startsWith\("projects\/_\/buckets\/([a-z0-9._-]+)"\)$/;

/**
 * What a bucket's name begins with where a condition holds.
 *
 * @param expression in CEL; `undefined` for any but `resource.name.startsWith("projects/_/buckets/PREFIX")`.
 * @see https://cloud.google.com/iam/docs/conditions-resource-attributes
 */
export function bucketPrefix(expression: string): string | undefined {
  return BUCKETS.exec(expression)?.[1];
}

/** Whether a grant's condition allows a resource; a form that is not evaluated here allows none. */
export function holds(expression: string | undefined, resource: string): boolean {
  if (expression === undefined) return true;
  const prefix = bucketPrefix(expression);
  return prefix !== undefined && resource.startsWith(`buckets/${prefix}`);
}

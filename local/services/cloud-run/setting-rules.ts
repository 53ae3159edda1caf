import { inObject, ofText, type Rule } from "../../../review/rules/rule.ts";
import { emptyOr, matching } from "../../../review/rules/text.ts";

/** What Cloud Run asks of a setting, wherever it stands: in a service, or in a function. */

export const CONCURRENCY = { from: 1, to: 1000, what: "requests at once to an instance" } as const;

export const SCALING: Rule = inObject(({ minInstanceCount: min, maxInstanceCount: max }, report) => {
  if (typeof min === "number" && typeof max === "number" && max > 0 && min > max) {
    report("minInstanceCount", `must be at most maxInstanceCount, ${max}`);
  }
});

export function variableName(): Rule {
  return matching(/^[^=\0]+$/, 'must be a name without "="');
}

/** @param product that sets variables of these names itself. */
export function unreservedVariable(product: string, reserved: RegExp): Rule {
  return ofText((name) =>
    reserved.test(name) ? `must not be a name that ${product} sets itself` : undefined,
  );
}

export function serviceAccountEmail(): Rule {
  return emptyOr(matching(/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/, "must be the account's e-mail address"));
}

/** Of a secret that an instance reads as it starts. */
export function secretVersion(): Rule {
  return matching(/^(latest|[1-9]\d*|[A-Za-z][A-Za-z0-9_-]{0,62})$/, "must be a number, an alias or latest");
}

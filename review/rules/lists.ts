import { childPath } from "./paths.ts";
import { inList, type Rule } from "./rule.ts";
import { isProperties, UNKNOWN, type Value } from "./values.ts";

interface Count {
  readonly from?: number;
  readonly to?: number;
  /** What the list holds, in the plural. */
  readonly what: string;
}

/** How many a list holds; an element counts although it is unknown. */
export function count({ from = 0, to = Number.POSITIVE_INFINITY, what }: Count): Rule {
  const rule =
    from === 0
      ? `must be at most ${to} ${what}`
      : to === Number.POSITIVE_INFINITY
        ? `must be at least ${from} ${what}`
        : `must be ${from} to ${to} ${what}`;
  return inList((items, report) => {
    if (items.length < from || items.length > to) report("", rule);
  });
}

/** No two elements are the same, or have the same value under `field`. What is unknown is no duplicate. */
export function unique(field?: string): Rule {
  return inList((items, report) => {
    const seen = new Set<Value>();
    for (const [index, item] of items.entries()) {
      const value = field === undefined ? item : isProperties(item) ? item[field] : undefined;
      if (value === undefined || value === UNKNOWN || typeof value === "object") continue;
      const path = field === undefined ? childPath("", index) : `[${index}].${field}`;
      if (seen.has(value)) report(path, "must be the only one of its value in the list");
      seen.add(value);
    }
  });
}

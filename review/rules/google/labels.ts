import { childPath } from "../paths.ts";
import type { Rule } from "../rule.ts";
import { isProperties } from "../values.ts";

const MOST_LABELS = 64;
const KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;

/** Labels of a resource, as Google Cloud takes them everywhere. */
export function labels(): Rule {
  return (value, report) => {
    if (!isProperties(value)) return;
    if (Object.keys(value).length > MOST_LABELS) report("", `must be at most ${MOST_LABELS} labels`);
    for (const [key, label] of Object.entries(value)) {
      if (!KEY.test(key)) {
        report(
          childPath("", key),
          "must have a key of 1 to 63 lower-case letters, digits, dashes and underscores, and begin with a letter",
        );
      } else if (typeof label === "string" && !VALUE.test(label)) {
        report(childPath("", key), "must be at most 63 lower-case letters, digits, dashes and underscores");
      }
    }
  };
}

import type { Report } from "../../../review/rules/rule.ts";
import { isProperties, listed, type Properties, UNKNOWN } from "../../../review/rules/values.ts";
import { withoutText } from "./vcl-syntax.ts";

/**
 * What an address is matched with is an ACL: one of the service's, or one that its VCL defines. As long as
 * something that may define one isn't known, none is missing; nor is what a dynamic snippet holds.
 */
export function checkAclReferences(service: Properties, report: Report): void {
  const acls = valuesOf(service, "acls", "name");
  const code = [valuesOf(service, "snippets", "content"), valuesOf(service, "vcls", "content")];
  if (!acls || code.includes(undefined) || service.dynamicsnippets !== undefined) return;
  const names = [
    ...acls.map((name) => name.replaceAll(/\s/g, "_")),
    ...code.flat().flatMap((content = "") => captured(content, /\bacl\s+(\w+)/g)),
  ];
  for (const [index, condition] of listed(service, "conditions").entries()) {
    if (!isProperties(condition) || typeof condition.statement !== "string") continue;
    const missing = captured(condition.statement, /~\s*([A-Za-z_]\w*)(?![\w.:(-])/g).find(
      (name) => !names.includes(name),
    );
    if (missing !== undefined) {
      report(
        `conditions[${index}].statement`,
        `must match with an ACL of the service, and ${missing} is none`,
      );
    }
  }
}

function captured(code: string, pattern: RegExp): readonly string[] {
  return [...withoutText(code).matchAll(pattern)].map(([, name = ""]) => name);
}

/** A field of all of a block; `undefined` while one of them is not known. */
function valuesOf(service: Properties, block: string, field: string): readonly string[] | undefined {
  if (service[block] === UNKNOWN) return undefined;
  const values = listed(service, block).map((item) => (isProperties(item) ? (item[field] ?? "") : item));
  return values.every((value) => typeof value === "string") ? values : undefined;
}

import { Asset } from "../../review/rules/asset.ts";
import { childPath } from "../../review/rules/paths.ts";
import type { CitedReport, Report } from "../../review/rules/rule.ts";
import { isList, isProperties, type Properties, UNKNOWN, type Value } from "../../review/rules/values.ts";
import type { ObjectShape, Shape, Shapes } from "./shapes.ts";

/**
 * Reports every field that the SDK does not declare, lacks though required, or has another type; its
 * declaration is the source.
 *
 * @param shapes What the fields' types are declared beside.
 * @param type a resource's token with "Args", or the name of an object type: what declares the fields.
 */
export function checkObject(
  shape: ObjectShape,
  shapes: Shapes,
  properties: Properties,
  report: CitedReport,
  type: string,
  path = "",
): void {
  const source = `${shapes.sdk}: ${declarationOf(type)}`;
  const cited: Report = (at, rule) => report(at, rule, source);
  for (const name of shape.required) {
    if (properties[name] === undefined) cited(childPath(path, name), "must be set");
  }
  for (const [name, value] of Object.entries(properties)) {
    const field = shape.fields[name];
    const at = childPath(path, name);
    if (value === undefined) continue;
    if (field) checkValue(field, value, { shapes, cited, report }, at);
    else cited(at, `must be one of the fields ${Object.keys(shape.fields).sort().join(", ")}`);
  }
}

/** Two ways to report: as a breach of the object's declaration, and of one that it refers to. */
interface Reports {
  readonly shapes: Shapes;
  readonly cited: Report;
  readonly report: CitedReport;
}

function checkValue(shape: Shape, value: Value, reports: Reports, path: string): void {
  const { cited } = reports;
  if (value === UNKNOWN || shape === "any") return;
  if (typeof shape === "string") checkNamed(shape, value, reports, path);
  else if ("oneOf" in shape) {
    // The provider takes an empty text for an absent one.
    if (typeof value !== "string" || (value !== "" && !shape.oneOf.includes(value))) {
      cited(path, `must be one of ${shape.oneOf.join(", ")}`);
    }
  } else if ("list" in shape) {
    if (!isList(value)) cited(path, "must be a list");
    else {
      for (const [index, item] of value.entries()) {
        checkValue(shape.list, item, reports, childPath(path, index));
      }
    }
  } else if (!isProperties(value)) {
    cited(path, "must be an object");
  } else {
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) checkValue(shape.map, item, reports, childPath(path, key));
    }
  }
}

function checkNamed(shape: Extract<Shape, string>, value: Value, reports: Reports, path: string): void {
  const { shapes, cited, report } = reports;
  if (shape === "asset") {
    if (!(value instanceof Asset)) cited(path, "must be an asset or an archive");
  } else if (shape === "string" || shape === "number" || shape === "boolean") {
    if (typeof value !== shape) cited(path, `must be a ${shape}`);
  } else {
    const type = shape.slice(1);
    const object = shapes.objects[type];
    if (!object) throw new Error(`shapes.generated.json lacks the object type ${type}.`);
    if (isProperties(value)) checkObject(object, shapes, value, report, type, path);
    else cited(path, "must be an object");
  }
}

/** `gcp:storage/bucket:BucketArgs` and `gcp.storage.BucketCor` as `storage.BucketArgs` and `storage.BucketCor`. */
function declarationOf(type: string): string {
  const [, ...path] = type.replace(/^(\w+):(?:index|(\w+))\/\w+:/, "$1.$2.").split(".");
  return path.filter((part) => part !== "").join(".");
}

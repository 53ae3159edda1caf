import { Asset } from "./asset.ts";
import type { Report } from "./kind.ts";
import { childPath } from "./paths.ts";
import { type ObjectShape, SHAPES, type Shape } from "./shapes.ts";
import { isList, isProperties, type Properties, UNKNOWN, type Value } from "./values.ts";

/** Reports every field that the SDK does not declare, lacks though required, or has another type. */
export function checkObject(shape: ObjectShape, properties: Properties, report: Report, path = ""): void {
  for (const name of shape.required) {
    if (properties[name] === undefined) report(childPath(path, name), "must be set");
  }
  for (const [name, value] of Object.entries(properties)) {
    const field = shape.fields[name];
    const at = childPath(path, name);
    if (value === undefined) continue;
    if (field) checkValue(field, value, report, at);
    else report(at, `must be one of the fields ${Object.keys(shape.fields).sort().join(", ")}`);
  }
}

function checkValue(shape: Shape, value: Value, report: Report, path: string): void {
  if (value === UNKNOWN || shape === "any") return;
  if (typeof shape === "string") checkNamed(shape, value, report, path);
  else if ("oneOf" in shape) {
    if (typeof value !== "string" || !shape.oneOf.includes(value)) {
      report(path, `must be one of ${shape.oneOf.join(", ")}`);
    }
  } else if ("list" in shape) {
    if (!isList(value)) report(path, "must be a list");
    else {
      for (const [index, item] of value.entries()) {
        checkValue(shape.list, item, report, childPath(path, index));
      }
    }
  } else if (!isProperties(value)) {
    report(path, "must be an object");
  } else {
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) checkValue(shape.map, item, report, childPath(path, key));
    }
  }
}

function checkNamed(shape: Extract<Shape, string>, value: Value, report: Report, path: string): void {
  if (shape === "asset") {
    if (!(value instanceof Asset)) report(path, "must be an asset or an archive");
  } else if (shape === "string" || shape === "number" || shape === "boolean") {
    if (typeof value !== shape) report(path, `must be a ${shape}`);
  } else {
    const object = SHAPES.objects[shape.slice(1)];
    if (!object) throw new Error(`data/shapes.json lacks the object type ${shape}.`);
    if (isProperties(value)) checkObject(object, value, report, path);
    else report(path, "must be an object");
  }
}

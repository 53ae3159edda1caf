import {
  isList,
  isProperties,
  listed,
  nested,
  type Properties,
  text,
  type Value,
} from "../../review/rules/values.ts";
import type { PlannedResource } from "./requests.ts";

const STANDINGS = ["wanted", "refused", "there"] as const;

/**
 * A plan as an engine sends it: `resources`, each with `urn`, `standing`, `id`, `inputs`, `outputs`, `dependencies`.
 * @throws {TypeError} when it is not one.
 */
export function readPlan(message: Properties): readonly PlannedResource[] {
  return listed(message, "resources").filter(isProperties).map(readResource);
}

function readResource(resource: Properties): PlannedResource {
  const standing = STANDINGS.find((known) => known === resource.standing);
  if (standing === undefined) throw new TypeError(`"standing" must be one of ${STANDINGS.join(", ")}.`);
  return {
    urn: text(resource, "urn"),
    standing,
    id: text(resource, "id"),
    inputs: nested(resource, "inputs"),
    outputs: nested(resource, "outputs"),
    dependencies: Object.fromEntries(
      Object.entries(nested(resource, "dependencies")).map(([name, urns]) => [name, textsIn(urns)]),
    ),
  };
}

function textsIn(value: Value | undefined): readonly string[] {
  return isList(value) ? value.filter((item) => typeof item === "string") : [];
}

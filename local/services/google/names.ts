import { type Properties, text } from "../../../review/rules/values.ts";

/** The last part of an id, a link or a bare name: the SDK takes any of them in most places. */
export function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf("/") + 1);
}

/** The id itself, or the one that a bare name stands for. */
export function idIn(inputs: Properties, collection: string, property: string): string {
  const value = text(inputs, property);
  return value.startsWith("projects/") ? value : `${projectId(inputs)}/${collection}/${value}`;
}

/** `projects/P` */
export function projectId(inputs: Properties): string {
  return `projects/${lastSegment(text(inputs, "project"))}`;
}

import { type Properties, text } from "../../../review/rules/values.ts";

const PREFIX =
  /^(?:https:\/\/(?:www|compute)\.googleapis\.com\/compute\/(?:v1|beta)\/|\/\/[a-z]+\.googleapis\.com\/)/;

/** A self link, a full resource name or an id, as the id. */
export function canonical(reference: string): string {
  return reference.replace(PREFIX, "");
}

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

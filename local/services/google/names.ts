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

/** The project that a resource is in, as far as it says so. */
export function projectOf({
  id,
  inputs,
}: {
  readonly id: string;
  readonly inputs: Properties;
}): string | undefined {
  return typeof inputs.project === "string"
    ? inputs.project.replace(/^projects\//, "")
    : /^projects\/([^/]+)\//.exec(id)?.[1];
}

/** The project that a name is in; a bare one is in that of the resource that has it. */
export function projectIn(name: string, project: string | undefined): string | undefined {
  if (name.includes("@")) return /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(name)?.[1];
  return /^projects\/([^/]+)\//.exec(canonical(name))?.[1] ?? project;
}

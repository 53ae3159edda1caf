import type { CloudResource, ResourceView } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import { canonical } from "./names.ts";

/** Whether both name one resource; one of them may be the end of the other, `global/urlMaps/M` or `M`. */
export function refersTo(reference: string, id: string): boolean {
  const [one, other] = [canonical(reference), canonical(id)];
  return one === other || (!one.startsWith("projects/") && other.endsWith(`/${one}`));
}

export function resolve(
  resources: ResourceView,
  kind: string,
  reference: unknown,
): CloudResource | undefined {
  const name = textOf(reference);
  if (name === undefined) return undefined;
  return resources.get(kind, canonical(name)) ?? resources.list(kind).find(({ id }) => refersTo(name, id));
}

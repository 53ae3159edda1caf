import { type Properties, reveal, UNKNOWN, type Value } from "../../review/rules/values.ts";
import { addInnerOutputs, inThe } from "./inner-outputs.ts";
import type { Kind } from "./kind.ts";
import { markSecrets } from "./secrecy.ts";

/** Inputs and what follows from them; whatever only the service can say is unknown. */
export function createPreview(kind: Kind, properties: Properties): Properties {
  const { facts } = kind;
  const unknown = Object.fromEntries(
    [...facts.computed, ...Object.keys(kind.assigned ?? {})].map((name): [string, Value] => [name, UNKNOWN]),
  );
  const known = kind.known?.(reveal(properties));
  const all = addInnerOutputs(kind, { ...unknown, ...known, ...properties }, () => UNKNOWN);
  return markSecrets(all, facts.secret ?? []);
}

/** New inputs over old outputs; outputs that the update may change are unknown. */
export function updatePreview(kind: Kind, olds: Properties, news: Properties): Properties {
  const { facts } = kind;
  const { fields } = kind.shape.inputs;
  const volatile = new Set(kind.volatile);
  const kept: Record<string, Value> = {};
  for (const [name, value] of Object.entries(olds)) {
    if (value === undefined) continue;
    const assigned = name in { ...kind.tacit, ...kind.assigned };
    if (volatile.has(name)) kept[name] = UNKNOWN;
    else if (!(name in fields) || assigned) kept[name] = value;
  }
  const known = kind.known?.(reveal(news));
  const before = inThe(olds);
  const all = addInnerOutputs(kind, { ...kept, ...known, ...news }, (input, field) =>
    volatile.has(`${input}.${field}`) ? UNKNOWN : (before(input, field) ?? UNKNOWN),
  );
  return markSecrets(all, facts.secret ?? []);
}

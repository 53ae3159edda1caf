import { type Properties, reveal, UNKNOWN, type Value } from "../../review/rules/values.ts";
import type { CloudResource } from "../kernel/contract.ts";
import { differences } from "./differences.ts";
import { withoutInnerOutputs } from "./inner-outputs.ts";
import type { Kind } from "./kind.ts";
import { markSecrets } from "./secrecy.ts";
import { decodeProperties, encodeProperties } from "./wire.ts";

/** As the cloud keeps it: JSON in Pulumi's own encoding, without marks of secrecy. */
export function toStored(properties: Properties): Readonly<Record<string, unknown>> {
  return encodeProperties(reveal(properties));
}

/** Inputs and outputs of a resource in the cloud. */
export function storedProperties({ facts }: Kind, { properties }: CloudResource): Properties {
  return markSecrets(decodeProperties(properties), facts.secret ?? []);
}

/**
 * Its inputs, without those that the service chose, unless they are in `given`. Whether the service chose a
 * value is told by what it chooses by itself: an import has nothing else to go by.
 */
export function storedInputs(kind: Kind, resource: CloudResource, given: Properties): Properties {
  const { fields } = kind.shape.inputs;
  const chosen: Properties = { ...kind.tacit, ...kind.assigned };
  const isChosen = (name: string, value: Value | undefined): boolean =>
    name in chosen &&
    (chosen[name] === UNKNOWN || differences({ name: chosen[name] }, { name: value }).size === 0);
  const inputs = Object.entries(storedProperties(kind, resource)).filter(
    ([name, value]) => name in fields && (given[name] !== undefined || !isChosen(name, value)),
  );
  return withoutInnerOutputs(kind, Object.fromEntries(inputs), reveal(given));
}

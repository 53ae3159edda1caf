import { expect } from "@jest/globals";
import type { Properties } from "../../../review/rules/values.ts";
import type { Provider } from "../../provider/provider.ts";
import type { PlannedResource } from "../../provider/requests.ts";

export type Wanted = readonly [
  type: string,
  name: string,
  inputs: Properties,
  more?: Partial<PlannedResource>,
];

/** As an engine does it: what the program wants is checked first. What is in doubt begins with `?`. */
export function judged(
  provider: Provider,
  wanted: readonly Wanted[],
  existing: readonly string[] = [],
): readonly string[] {
  const planned = wanted.map(([type, name, news, more]): PlannedResource => {
    const urn = urnOf(type, name);
    const standing = more?.standing ?? "wanted";
    const checked = provider.check({ urn, olds: {}, news });
    if (standing === "wanted") expect(checked.failures).toEqual([]);
    const inputs = standing === "wanted" ? checked.inputs : news;
    return { urn, standing, id: "", inputs, outputs: {}, dependencies: {}, ...more };
  });
  return provider
    .judge(planned, existing)
    .map(({ urn, reason, isDoubt }) => `${isDoubt ? "?" : ""}${urn.split("::").at(-1)}: ${reason}`);
}

export function from(property: string, type: string, name: string): Partial<PlannedResource> {
  return { dependencies: { [property]: [urnOf(type, name)] } };
}

export function urnOf(type: string, name: string): string {
  return `urn:pulumi:test::fixture::${type}::${name}`;
}

/** Every mistake ends with where its rule stands. */
export function withoutSource(mistake: string): string {
  expect(mistake).toMatch(/ \(https:\S+\)\.$/);
  return mistake.replace(/ \(https:\S+\)\.$/, "");
}

import { readFileSync } from "node:fs";
import type { EngineEvent, StepEventStateMetadata } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import type { ResourceGraph } from "../../review/graph/resource-graph.ts";
import { type ResourceState, SECRET } from "../../review/preview/stack-preview.ts";
import { nameOf, projectOf, stackOf, typeOf } from "../../review/preview/urn.ts";

/** What marks a secret, and what says so. */
const SECRET_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";
const STACK_TYPE = "pulumi:pulumi:Stack";

const urns = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** What of a resource only the plan tells that Pulumi saves. */
const goalSchema = z.looseObject({
  parent: text,
  protect: flag,
  dependencies: urns,
  propertyDependencies: z
    .record(z.string(), urns)
    .nullish()
    .transform((byName) => byName ?? {}),
  structuredAliases: z
    .array(z.looseObject({ URN: text, Name: text, Type: text, Parent: text, NoParent: flag }))
    .nullish(),
});
const planSchema = z.looseObject({
  resourcePlans: z.record(z.string(), z.looseObject({ goal: goalSchema.nullish() })),
});

type Goal = z.output<typeof goalSchema>;

/** By URN; of what the program no longer makes, nothing. */
export type Plan = ReadonlyMap<string, Goal>;

export function readPlan(file: string): Plan {
  const { resourcePlans } = planSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  return new Map(Object.entries(resourcePlans).flatMap(([urn, { goal }]) => (goal ? [[urn, goal]] : [])));
}

/** All resources that a preview would leave, in the order in which it came to them; without the engine's own providers. */
export function plannedGraph(events: readonly EngineEvent[], plan: Plan): ResourceGraph {
  const states = new Map<string, ResourceState>();
  let outputs: Readonly<Record<string, unknown>> = {};
  for (const { resourcePreEvent, resOutputsEvent } of events) {
    const { urn, new: planned } = resourcePreEvent?.metadata ?? {};
    const goal = urn === undefined ? undefined : plan.get(urn);
    if (urn !== undefined && planned && goal && !isDefaultProvider(urn)) {
      states.set(urn, stateOf(urn, planned, goal));
    }
    // The program's own outputs come when it has ended.
    const ended = resOutputsEvent?.metadata;
    if (ended?.type === STACK_TYPE) outputs = withoutSecrets(ended.new?.outputs ?? {});
  }
  const resources = [...states.values()].map((state) =>
    state.type === STACK_TYPE ? { ...state, outputs } : state,
  );
  const [first] = resources;
  return { stack: stackOf(first?.urn ?? ""), project: projectOf(first?.urn ?? ""), resources };
}

function stateOf(urn: string, planned: StepEventStateMetadata, goal: Goal): ResourceState {
  const { parent, protect, dependencies, propertyDependencies, structuredAliases } = goal;
  return {
    urn,
    type: typeOf(urn),
    custom: planned.custom ?? false,
    inputs: withoutSecrets(planned.inputs),
    outputs: {},
    ...(parent !== "" && { parent }),
    protect,
    retainOnDelete: planned.retainOnDelete ?? false,
    dependencies,
    propertyDependencies,
    aliases: (structuredAliases ?? []).map((alias) => formerUrn(urn, parent, alias)),
    positions: [],
  };
}

function isDefaultProvider(urn: string): boolean {
  return typeOf(urn).startsWith("pulumi:providers:") && /^default(_|$)/.test(nameOf(urn));
}

/** What an alias leaves open is as it is now. */
function formerUrn(
  urn: string,
  parent: string,
  alias: NonNullable<Goal["structuredAliases"]>[number],
): string {
  if (alias.URN !== "") return alias.URN;
  const ancestors = alias.NoParent ? "" : (alias.Parent || parent).split("::")[2];
  const type = alias.Type || typeOf(urn);
  const isOfStack = ancestors === "" || ancestors === STACK_TYPE;
  const qualified = isOfStack ? type : `${ancestors}$${type}`;
  return `urn:pulumi:${stackOf(urn)}::${projectOf(urn)}::${qualified}::${alias.Name || nameOf(urn)}`;
}

type Named = Readonly<Record<string, unknown>>;

function withoutSecrets(properties: Named): Named {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, withoutSecret(value)]));
}

function withoutSecret(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecret);
  if (typeof value !== "object" || value === null) return value;
  return (value as Named)[SECRET_KEY] === SECRET_MARK ? SECRET : withoutSecrets(value as Named);
}

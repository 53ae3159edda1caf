import { aboutResource } from "./mistakes.ts";
import type { Origin } from "./origin.ts";
import { ProviderFailure } from "./provider-failure.ts";
import { nameOf, type ResourceRecord } from "./records.ts";
import type { PlannedResource, ResourceProvider } from "./resource-provider.ts";
import type { UpdateContext } from "./update-context.ts";
import { packageOf, typeOf } from "./urns.ts";

/** Of the engine itself: providers, and references to stacks. */
const OWN_PACKAGE = "pulumi";

/**
 * Has providers judge the plan as a whole, once the program has come to its end: what each resource by itself does
 * not show. What they find are mistakes as those that Check finds.
 *
 * @param origins By URN, of what the program registered.
 */
export async function judge(context: UpdateContext, origins: ReadonlyMap<string, Origin>): Promise<void> {
  const { providers, reporter } = context;
  const records = context.state.resources
    .filter(({ custom, type }) => custom && packageOf(type) !== OWN_PACKAGE)
    .sort((left, right) => orderOf(left.urn, origins) - orderOf(right.urn, origins));
  const refused = new Set(reporter.mistakes.map(({ urn }) => urn));
  const byProvider = new Map<ResourceProvider, ResourceRecord[]>();
  for (const record of records) {
    if (!origins.has(record.urn) || refused.has(record.urn)) continue;
    const provider = await providers.for(record);
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), record]);
  }
  for (const [provider, wanted] of byProvider) {
    const packageName = packageOf(wanted[0]?.type ?? "");
    const plan = [
      ...[...refused].filter((urn) => packageOf(typeOf(urn)) === packageName).map(refusedResource),
      ...records
        .filter(({ type, urn }) => packageOf(type) === packageName && !refused.has(urn))
        .map((record) => plannedResource(record, wanted.includes(record) ? "wanted" : "there")),
    ];
    await judgeBy(provider, plan, context, origins);
  }
}

async function judgeBy(
  provider: ResourceProvider,
  plan: readonly PlannedResource[],
  { reporter }: UpdateContext,
  origins: ReadonlyMap<string, Origin>,
): Promise<void> {
  try {
    for (const { urn, reason } of await provider.judge(plan)) {
      const message = aboutResource({ name: nameOf(urn), type: typeOf(urn) }, reason);
      reporter.learn([{ urn, message, origin: origins.get(urn) ?? { order: 0 } }]);
    }
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    reporter.error(`The plan could not be judged as a whole: ${error.message}`);
  }
}

function plannedResource(record: ResourceRecord, standing: PlannedResource["standing"]): PlannedResource {
  const { urn, id, inputs, outputs, propertyDependencies } = record;
  return { urn, standing, id, inputs, outputs, dependencies: propertyDependencies };
}

function refusedResource(urn: string): PlannedResource {
  return { urn, standing: "refused", id: "", inputs: {}, outputs: {}, dependencies: {} };
}

function orderOf(urn: string, origins: ReadonlyMap<string, Origin>): number {
  return origins.get(urn)?.order ?? 0;
}

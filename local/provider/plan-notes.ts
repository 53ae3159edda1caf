import type { Properties } from "../../review/rules/values.ts";
import type { Provider } from "./provider.ts";
import type { CheckResult, Judgement, PlannedResource } from "./requests.ts";

/** A resource as a preview showed it to the provider. */
interface Noted {
  /** As its engine configured it for this resource. */
  readonly provider: Provider;
  readonly inputs: Properties;
  readonly reasons: readonly string[];
  /** Empty while it is to be made. */
  id: string;
  outputs: Properties;
}

/**
 * What a package's provider learnt of a program in a preview. Check finds every mistake and fails none, since Pulumi's
 * engine ends at the first resource that is refused; so that all of them are told in one run.
 */
export class PlanNotes {
  readonly #noted = new Map<string, Noted>();

  checked(provider: Provider, urn: string, { inputs, failures }: CheckResult): CheckResult {
    // A replacement is checked a second time, for another name: what is wrong is wrong once.
    this.#noted.set(urn, {
      provider,
      inputs,
      reasons: failures.map(({ reason }) => reason),
      id: "",
      outputs: {},
    });
    return { inputs, failures: [] };
  }

  /** What is there already, or, without an id, what will be. */
  found(provider: Provider, urn: string, id: string, outputs: Properties): void {
    const { inputs = {}, reasons = [] } = this.#noted.get(urn) ?? {};
    this.#noted.set(urn, { provider, inputs, reasons, id, outputs });
  }

  /** What is wrong with resources each by itself. */
  refusals(): readonly Judgement[] {
    return [...this.#noted].flatMap(([urn, { reasons }]) => reasons.map((reason) => ({ urn, reason })));
  }

  /**
   * What is wrong with the plan as a whole, that each resource by itself does not show.
   * @param dependencies By URN: URNs of what went into the value of an input, by its name.
   * @param existing Names of what stands already, outside of the program.
   * @param orderOf The place of a URN in the program: of two that do not go together, the later one is told of.
   */
  judge(
    dependencies: ReadonlyMap<string, PlannedResource["dependencies"]>,
    orderOf: (urn: string) => number,
    existing: readonly string[] = [],
  ): readonly Judgement[] {
    const inOrder = [...this.#noted].sort(([left], [right]) => orderOf(left) - orderOf(right));
    const providers = new Set([...this.#noted.values()].map(({ provider }) => provider));
    return [...providers].flatMap((judge) =>
      judge.judge(
        inOrder.map(([urn, { provider, inputs, reasons, id, outputs }]) => {
          const standing = reasons.length > 0 ? "refused" : provider === judge ? "wanted" : "there";
          return { urn, standing, id, inputs, outputs, dependencies: dependencies.get(urn) ?? {} };
        }),
        existing,
      ),
    );
  }
}

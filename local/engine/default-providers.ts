import { randomUUID } from "node:crypto";
import { equal } from "./differences.ts";
import { isDefaultReference, providerType, referenceOf } from "./provider-references.ts";
import { providerRecord } from "./record-building.ts";
import type { UpdateContext } from "./update-context.ts";

/** What the first default provider of a package is recorded as. */
const FIRST_ID = "default";

/** Keeps, as Pulumi does, a record of each package's default provider, which its resources refer to. */
export class DefaultProviders {
  readonly #context: UpdateContext;
  readonly #references = new Map<string, Promise<string>>();
  readonly #replacing = new Map<string, Promise<boolean>>();

  constructor(context: UpdateContext) {
    this.#context = context;
  }

  /**
   * The reference of the package's default provider as the stack's configuration has it now.
   * @throws {EngineRefusal} when the package has none that can be used.
   */
  reference(packageName: string): Promise<string> {
    let reference = this.#references.get(packageName);
    if (reference === undefined) {
      reference = this.#record(packageName);
      this.#references.set(packageName, reference);
    }
    return reference;
  }

  /**
   * Whether a resource is replaced because its provider is another one than before: unless both are the
   * package's default, it is; otherwise if the provider says so of the two configurations.
   */
  async replaces(packageName: string, old: string, next: string): Promise<boolean> {
    if (old === next) return false;
    if (!isDefaultReference(old) || !isDefaultReference(next)) return true;
    let replaces = this.#replacing.get(old);
    if (replaces === undefined) {
      replaces = this.#isReplaced(packageName, old);
      this.#replacing.set(old, replaces);
    }
    return replaces;
  }

  async #isReplaced(packageName: string, reference: string): Promise<boolean> {
    const { providers } = this.#context;
    const old = providers.record(reference);
    if (old === undefined) return false;
    const provider = await providers.default(packageName);
    const { version: _, pluginDownloadURL: __, ...inputs } = old.inputs;
    const subject = { urn: providers.defaultUrn(packageName), type: providerType(packageName) };
    const known = { inputs, outputs: old.outputs };
    const { replaces } = await provider.diffConfig(subject, old.id, known, providers.config(packageName), []);
    return replaces.length > 0;
  }

  /** A changed configuration makes it another provider, and so replaces its resources, only if the provider says so. */
  async #record(packageName: string): Promise<string> {
    const { providers, state } = this.#context;
    const provider = await providers.default(packageName);
    const subject = { urn: providers.defaultUrn(packageName), type: providerType(packageName) };
    const inputs = providers.config(packageName);
    const old = state.find(subject.urn);
    let id = old?.id ?? FIRST_ID;
    if (old !== undefined && !equal(old.inputs, inputs)) {
      const { replaces } = await provider.diffConfig(subject, old.id, old, inputs, []);
      if (replaces.length > 0) {
        state.supersede(old.urn);
        id = randomUUID();
      }
    }
    state.put(providerRecord(subject.urn, subject.type, id, inputs));
    const reference = referenceOf({ urn: subject.urn, id });
    providers.register(reference, provider);
    return reference;
  }
}

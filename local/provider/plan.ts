import { type Properties, reveal, Secret, UNKNOWN, type Value } from "../../review/rules/values.ts";
import type { CloudResource, ResourceView } from "../kernel/contract.ts";
import { fillUnknowns } from "./fill-unknowns.ts";
import type { Kind, Named, ProviderConfig, Surroundings } from "./kind.ts";
import type { Package } from "./package.ts";
import { type PlannedResource, typeOf } from "./requests.ts";
import { toStored } from "./stored.ts";

export interface PlanSettings {
  readonly config: ProviderConfig;
  /** Whether all there is is the local cloud's. */
  readonly local: boolean;
  readonly isElsewhere: Package["isElsewhere"];
  /** Names of what stands already, made by nobody here. */
  readonly existing: readonly string[];
  /** What a cloud holds already, beside what the engine knows of. */
  readonly cloud: ResourceView | undefined;
}

/** Set, and nothing that a rule could look into. */
const SOMETHING = new Secret(UNKNOWN);

/**
 * What will be there once a program is made real. Ids that only the making will tell follow from the inputs, as they
 * do at the services; and where an input is not known yet, what went into it tells which resource it names.
 */
export class Plan implements Surroundings {
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #settings: PlanSettings;
  readonly #planned: ReadonlyMap<string, PlannedResource>;
  readonly #inputs = new Map<string, Properties>();
  readonly #ids = new Map<string, string | undefined>();
  readonly #resources = new Map<string, readonly CloudResource[]>();
  /** Kinds of which one has an id that is not known. */
  readonly #unnamed = new Set<string>();

  /** @param planned Those of the package, those too that go once the others are made. */
  constructor(kinds: ReadonlyMap<string, Kind>, planned: readonly PlannedResource[], settings: PlanSettings) {
    this.#kinds = kinds;
    this.#settings = settings;
    this.#planned = new Map(planned.map((resource) => [resource.urn, resource]));
    for (const resource of planned) this.#add(resource);
  }

  get config(): ProviderConfig {
    return this.#settings.config;
  }

  get(kind: string, id: string): CloudResource | undefined {
    return this.#resources.get(kind)?.find((resource) => resource.id === id) ?? this.#held(kind, id);
  }

  list(kind: string): readonly CloudResource[] {
    const planned = this.#resources.get(kind) ?? [];
    const held = this.#settings.cloud?.list(kind) ?? [];
    return [...planned, ...held.filter(({ urn }) => !this.#planned.has(urn))];
  }

  /** What has no name before it is made need not be there yet; what else need not be, its package says. */
  mayBeElsewhere(kinds: readonly string[], name: string, from: Named): boolean {
    if (kinds.some((kind) => this.#unnamed.has(kind) || this.#kinds.get(kind)?.chosenId)) return true;
    const { config, local, existing, isElsewhere } = this.#settings;
    // On this machine nothing stands but what programs have made.
    if (!local && existing.includes(name)) return true;
    return isElsewhere?.({ kinds, name, from, config, local, existing }) ?? false;
  }

  /** As the services will see them: without marks of secrecy, and with ids for what is not known yet. */
  inputsOf(resource: PlannedResource): Properties {
    const found = this.#inputs.get(resource.urn);
    if (found) return found;
    const inputs = this.#filled(resource, reveal(resource.inputs));
    this.#inputs.set(resource.urn, inputs);
    return inputs;
  }

  /**
   * The same, but all that can be told of what is not known yet is that it will be something, where a resource goes
   * into it: enough to see that two things do not go together, and too little to judge what it looks like.
   */
  presentInputsOf(resource: PlannedResource): Properties {
    return this.#filled(resource, reveal(resource.inputs), () => SOMETHING);
  }

  /** The same with the marks of secrecy, to be shown. */
  shownInputsOf(resource: PlannedResource): Properties {
    return this.#filled(resource, resource.inputs);
  }

  /** `undefined` while it hangs on what is not known. */
  idOf(resource: PlannedResource): string | undefined {
    const { urn } = resource;
    if (!this.#ids.has(urn)) this.#ids.set(urn, this.#makeId(resource));
    return this.#ids.get(urn);
  }

  #filled(
    { urn, dependencies }: PlannedResource,
    inputs: Properties,
    nameOf: (urn: string) => Value | undefined = (other) => this.#idByUrn(other),
  ): Properties {
    const { references = {} } = this.#kinds.get(typeOf({ urn })) ?? {};
    let filled = inputs;
    for (const [pattern, kinds] of Object.entries(references)) {
      const [property = ""] = pattern.split(/[.[]/);
      const named = (dependencies[property] ?? []).filter((other) => kinds.includes(typeOf({ urn: other })));
      const ids = named.map(nameOf).filter((id) => id !== undefined);
      filled = fillUnknowns(filled, pattern, ids);
    }
    return filled;
  }

  #makeId(resource: PlannedResource): string | undefined {
    const { id, urn, standing } = resource;
    const kind = this.#kinds.get(typeOf(resource));
    if (id !== "") return id;
    if (!kind || standing !== "wanted") return undefined;
    // Nobody can name it, so that any name of its own will do.
    if (kind.chosenId) return urn;
    try {
      return kind.id(this.inputsOf(resource), urn, this);
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  #idByUrn(urn: string): string | undefined {
    const resource = this.#planned.get(urn);
    return resource && this.idOf(resource);
  }

  #add(resource: PlannedResource): void {
    const { urn, outputs, standing } = resource;
    const kind = typeOf(resource);
    const id = this.idOf(resource);
    if (id === undefined || standing === "refused") this.#unnamed.add(kind);
    if (id === undefined) return;
    const properties = toStored(known({ ...reveal(outputs), ...this.inputsOf(resource) }));
    this.#resources.set(kind, [...(this.#resources.get(kind) ?? []), { kind, id, urn, properties }]);
  }

  #held(kind: string, id: string): CloudResource | undefined {
    const resource = this.#settings.cloud?.get(kind, id);
    return resource && !this.#planned.has(resource.urn) ? resource : undefined;
  }
}

function known(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== UNKNOWN));
}

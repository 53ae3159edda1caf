import { nameOf } from "./records.ts";
import type { AliasOption, Registration } from "./registration.ts";
import { typeOf, urnOf } from "./urns.ts";

type Identity = Pick<Registration, "urn" | "name" | "type" | "parent" | "aliases">;

/**
 * The URNs that resources may have had: by their own aliases, by those of their ancestors, and by both.
 * What an ancestor's alias does to a child is the engine's to find out; the SDK sends only what the program says.
 * @see https://www.pulumi.com/docs/iac/concepts/resources/options/aliases/
 */
export class Aliases {
  readonly #project: string;
  readonly #stack: string;
  readonly #formerUrns = new Map<string, readonly string[]>();

  constructor(project: string, stack: string) {
    this.#project = project;
    this.#stack = stack;
  }

  /** In order of preference, without its own. Parents come before their children. */
  formerUrnsOf(resource: Identity): readonly string[] {
    const { urn, name, type, parent } = resource;
    const own = resource.aliases.flatMap((alias) => this.#collapse(alias, resource));
    const selves = [{ name, type }, ...own.map((former) => ({ name: nameOf(former), type: typeOf(former) }))];
    const inherited = (this.#formerUrns.get(parent) ?? []).flatMap((formerParent) =>
      selves.map((self) => this.#childUrn(self, nameOf(parent), formerParent)),
    );
    const former = [...new Set([...own, ...inherited])].filter((candidate) => candidate !== urn);
    this.#formerUrns.set(urn, former);
    return former;
  }

  #collapse(alias: AliasOption, own: Identity): readonly string[] {
    if ("urn" in alias) return [alias.urn];
    const { stack = this.#stack, project = this.#project, type = own.type, name = own.name } = alias;
    // A parent that is named here by its present URN may itself have had others.
    const named = alias.parent === undefined ? [] : (this.#formerUrns.get(alias.parent) ?? []);
    return [alias.parent ?? own.parent, ...named].map((parent) => urnOf(stack, project, parent, type, name));
  }

  /** Children are named after their parents by custom, so a parent's former name is taken for the beginning of the child's. */
  #childUrn(child: { name: string; type: string }, parentName: string, formerParent: string): string {
    const name = child.name.startsWith(parentName)
      ? nameOf(formerParent) + child.name.slice(parentName.length)
      : child.name;
    return urnOf(this.#stack, this.#project, formerParent, child.type, name);
  }
}

import { expect, test } from "@jest/globals";
import { Aliases } from "./aliases.ts";
import type { AliasOption } from "./registration.ts";
import { urnOf } from "./urns.ts";

const THING = "fake:index:Thing";

function formerUrns(
  aliases: Aliases,
  name: string,
  type: string,
  parent: string,
  ...options: readonly AliasOption[]
): readonly string[] {
  return aliases.formerUrnsOf({
    urn: urnOf("s", "p", parent, type, name),
    name,
    type,
    parent,
    aliases: options,
  });
}

test("multiplies a resource's aliases with those of all its ancestors", () => {
  const aliases = new Aliases("p", "s");
  const outer = urnOf("s", "p", "", "x:y:New", "new");
  const inner = urnOf("s", "p", outer, "x:y:Inner", "new-inner");
  expect(formerUrns(aliases, "new", "x:y:New", "", { name: "old" }, { type: "x:y:Old" })).toEqual([
    "urn:pulumi:s::p::x:y:New::old",
    "urn:pulumi:s::p::x:y:Old::new",
  ]);
  // A name that begins with the parent's begins with the parent's former name.
  expect(formerUrns(aliases, "new-inner", "x:y:Inner", outer)).toEqual([
    "urn:pulumi:s::p::x:y:New$x:y:Inner::old-inner",
    "urn:pulumi:s::p::x:y:Old$x:y:Inner::new-inner",
  ]);
  expect(formerUrns(aliases, "leaf", THING, inner, { name: "twig" })).toEqual([
    `urn:pulumi:s::p::x:y:New$x:y:Inner$${THING}::twig`,
    `urn:pulumi:s::p::x:y:Old$x:y:Inner$${THING}::leaf`,
    `urn:pulumi:s::p::x:y:Old$x:y:Inner$${THING}::twig`,
  ]);
});

test("reads what an alias leaves out as the resource's own, and takes a named parent's aliases along", () => {
  const aliases = new Aliases("p", "s");
  const parent = urnOf("s", "p", "", "x:y:Part", "part");
  formerUrns(aliases, "part", "x:y:Part", "", { name: "piece" });
  expect(
    formerUrns(
      aliases,
      "it",
      THING,
      "",
      { parent },
      { project: "q", stack: "t" },
      { urn: "urn:pulumi:s::p::any::thing" },
    ),
  ).toEqual([
    `urn:pulumi:s::p::x:y:Part$${THING}::it`,
    `urn:pulumi:t::q::${THING}::it`,
    "urn:pulumi:s::p::any::thing",
  ]);
});

import { createHash, randomBytes } from "node:crypto";
import type { Autoname } from "./kind.ts";

const HEX_DIGITS = 7;
const AUTONAMING = "https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming-configuration";

/** What an engine says of the name, after `pulumi:autonaming`. */
export interface Autonaming {
  readonly mode: "propose" | "enforce" | "disable";
  readonly proposedName: string;
}

export interface NameRequest {
  /** The resource's name in the program. */
  readonly name: string;
  readonly urn: string;
  /** Makes the name a function of the request; without it 28 random bits do. */
  readonly randomSeed?: Uint8Array;
  readonly autonaming?: Autonaming;
}

/** A physical name, or the rule that keeps it from being made and where it stands. */
export function autoname(
  { maxLength, lowerCase, property, source }: Autoname,
  { name, urn, randomSeed, autonaming }: NameRequest,
): { readonly value: string } | { readonly rule: string; readonly source: string } {
  if (autonaming?.mode === "disable") {
    return { rule: "must be set: pulumi:autonaming is disabled", source: AUTONAMING };
  }
  if (autonaming?.mode === "enforce") return { value: autonaming.proposedName };
  const proposed = autonaming?.proposedName ?? `${name}-${suffix(urn, randomSeed)}`;
  const value = lowerCase ? proposed.toLowerCase() : proposed;
  if (value.length <= maxLength) return { value };
  return {
    rule:
      `must be at most ${maxLength} characters, and "${value}" has ${value.length}: shorten the resource's ` +
      `name to ${maxLength - HEX_DIGITS - 1} characters or set ${property}`,
    source,
  };
}

/** Whether a physical name is one that `autoname` made up for the resource, so that its replacement gets another. */
export function isMadeUp({ lowerCase }: Autoname, name: string, value: string): boolean {
  const stem = lowerCase ? name.toLowerCase() : name;
  return value.startsWith(`${stem}-`) && /^[0-9a-f]{7}$/.test(value.slice(stem.length + 1));
}

function suffix(urn: string, randomSeed: Uint8Array | undefined): string {
  const digest =
    randomSeed && randomSeed.length > 0
      ? createHash("sha256").update(randomSeed).update(urn).digest("hex")
      : randomBytes(HEX_DIGITS).toString("hex");
  return digest.slice(0, HEX_DIGITS);
}

import { type CaaChange, type CaaProhibition, permitting } from "./caa.ts";
import type { CaaProperty } from "./dns-lookup.ts";
import { printable } from "./printable.ts";

/**
 * Why a domain cannot have a certificate, and what its customer can do: at the name whose records
 * forbid it, or, where that is none of his, at the domain itself, whose own records count first.
 */
export function caaAdvice(
  domain: string,
  { holder, owner, isAlias, because, changes }: CaaProhibition,
  { identity, target }: { readonly identity: string; readonly target: string },
): string {
  const isAliased = owner !== holder;
  const whose = isAliased ? `${printable(owner)}, which ${holder} is an alias (CNAME) of,` : holder;
  const own = recordText(domain, permitting(identity));
  const there = changes.map((change) => changeText(owner, change)).join(", and ");
  const here = isAlias
    ? `replace the CNAME of ${domain} by its addresses, ${target}, and the record ${own}`
    : `add the record ${own}`;
  const advice = [
    isAliased
      ? `Beside a CNAME there can be no CAA record, so let the owner of ${printable(owner)} ${there}`
      : there,
    ...(isAliased || holder !== domain ? [here] : []),
  ].join("; or ");
  return (
    `The CAA records of ${whose} do not let us get a certificate for ${domain}: ${because}. ` +
    `${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`
  );
}

function changeText(owner: string, change: CaaChange): string {
  const record = recordText(owner, change.property);
  if (change.kind === "replace") return `change the record ${record} to ${recordText(owner, change.by)}`;
  return `${change.kind} the record ${record}`;
}

function recordText(name: string, { flags, tag, value }: CaaProperty): string {
  return `${printable(name)} CAA ${flags} ${printable(tag)} "${printable(value)}"`;
}

import ipaddr from "ipaddr.js";
import { ofText, type Rule } from "./rule.ts";

/** An address range without host bits: 10.0.0.0/8 and not 10.0.0.1/8. */
export function cidr(): Rule {
  return ofText(brokenCidr);
}

export function ipAddress(): Rule {
  return ofText((text) => (isAddress(text) ? undefined : "must be an IP address"));
}

/** The rule that a range breaks. */
export function brokenCidr(text: string): string | undefined {
  const [address = "", bits = "", ...rest] = text.split("/");
  if (rest.length > 0 || !isAddress(address) || !/^\d{1,3}$/.test(bits)) {
    return "must be a CIDR range, ADDRESS/BITS";
  }
  const { length } = ipaddr.parse(address).toByteArray();
  if (Number(bits) > length * 8) return `must have a prefix of at most ${length * 8} bits`;
  const network =
    length === 4 ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
  const isNetwork = network.toNormalizedString() === ipaddr.parse(address).toNormalizedString();
  return isNetwork ? undefined : `must have no bits beyond its prefix: ${network}/${bits}`;
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

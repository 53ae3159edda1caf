import ipaddr from "ipaddr.js";

/** The edge's IP addresses, in one form each. IPv4 comes first: not every network here has IPv6. */
export class EdgeAddresses {
  readonly all: readonly string[];

  /** @throws {Error} naming what is no IP address. */
  constructor(addresses: readonly string[]) {
    const parsed = addresses.map((address) => {
      if (!ipaddr.isValid(address)) throw new Error(`EDGE_ADDRESSES must be IP addresses; got "${address}".`);
      return ipaddr.parse(address);
    });
    this.all = parsed
      .sort((a, b) => a.kind().localeCompare(b.kind()))
      .map((address) => address.toNormalizedString());
  }

  /** Parts the addresses of a name into the edge's and others. */
  split(addresses: readonly string[]): {
    readonly atEdge: readonly string[];
    readonly elsewhere: readonly string[];
  } {
    const found = new Set(addresses.map((address) => ipaddr.parse(address).toNormalizedString()));
    const elsewhere = [...found].filter((address) => !this.all.includes(address));
    return { atEdge: this.all.filter((address) => found.has(address)), elsewhere };
  }
}

import { isIPv4, isIPv6 } from "node:net";

const DEADLINE_MS = 5_000;
/** Names with records of their own; more than a test needs, less than memory notices. */
const MOST_NAMES = 10_000;

interface Call {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface CaaPolicy {
  readonly tag: string;
  readonly value: string;
}

/**
 * Records of the local DNS server, set through challtestsrv's management API.
 *
 * A name without records of its own has the default address and no others. Setting
 * replaces what the name had of that type. What was set is kept, so that a server
 * which was started again can be given it again.
 */
export class Dns {
  readonly #managementPort: number;
  readonly #calls = new Map<string, Call>();

  constructor(managementPort: number) {
    this.#managementPort = managementPort;
  }

  /** The A record of every name that has none of its own. */
  async setDefaultAddress(ip: string): Promise<void> {
    requireAddresses([ip], isIPv4, "an IPv4 address");
    await this.#keep("default", { path: "/set-default-ipv4", body: { ip } });
  }

  async setA(host: string, addresses: readonly string[]): Promise<void> {
    requireAddresses(addresses, isIPv4, "an IPv4 address");
    await this.clearA(host);
    await this.#keep(`a ${host}`, { path: "/add-a", body: { host, addresses } });
  }

  clearA(host: string): Promise<void> {
    return this.#forget(`a ${host}`, { path: "/clear-a", body: { host } });
  }

  async setAaaa(host: string, addresses: readonly string[]): Promise<void> {
    requireAddresses(addresses, isIPv6, "an IPv6 address");
    await this.clearAaaa(host);
    await this.#keep(`aaaa ${host}`, { path: "/add-aaaa", body: { host, addresses } });
  }

  clearAaaa(host: string): Promise<void> {
    return this.#forget(`aaaa ${host}`, { path: "/clear-aaaa", body: { host } });
  }

  async setCaa(host: string, policies: readonly CaaPolicy[]): Promise<void> {
    await this.clearCaa(host);
    await this.#keep(`caa ${host}`, { path: "/add-caa", body: { host, policies } });
  }

  clearCaa(host: string): Promise<void> {
    return this.#forget(`caa ${host}`, { path: "/clear-caa", body: { host } });
  }

  async setTxt(host: string, values: readonly string[]): Promise<void> {
    await this.clearTxt(host);
    for (const [index, value] of values.entries())
      await this.#keep(`txt ${host} ${index}`, { path: "/set-txt", body: { host, value } });
  }

  async clearTxt(host: string): Promise<void> {
    for (const key of [...this.#calls.keys()]) if (key.startsWith(`txt ${host} `)) this.#calls.delete(key);
    await this.#post({ path: "/clear-txt", body: { host } });
  }

  setCname(host: string, target: string): Promise<void> {
    return this.#keep(`cname ${host}`, { path: "/set-cname", body: { host, target } });
  }

  clearCname(host: string): Promise<void> {
    return this.#forget(`cname ${host}`, { path: "/clear-cname", body: { host } });
  }

  /** Every query for the name is answered with SERVFAIL. */
  setServfail(host: string): Promise<void> {
    return this.#keep(`servfail ${host}`, { path: "/set-servfail", body: { host } });
  }

  clearServfail(host: string): Promise<void> {
    return this.#forget(`servfail ${host}`, { path: "/clear-servfail", body: { host } });
  }

  /** Gives a server that was started again all that this object has set. */
  async replay(): Promise<void> {
    for (const call of this.#calls.values()) await this.#post(call);
  }

  async #keep(key: string, call: Call): Promise<void> {
    if (this.#calls.size >= MOST_NAMES && !this.#calls.has(key)) {
      throw new Error(`The local DNS keeps ${MOST_NAMES} records at most; clear some before "${key}".`);
    }
    await this.#post(call);
    this.#calls.set(key, call);
  }

  async #forget(key: string, call: Call): Promise<void> {
    await this.#post(call);
    this.#calls.delete(key);
  }

  async #post({ path, body }: Call): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#managementPort}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(
        `The local DNS refused ${path} ${JSON.stringify(body)}: ${response.status} ${text.trim()}`,
      );
    }
  }
}

function requireAddresses(values: readonly string[], is: (value: string) => boolean, rule: string): void {
  const wrong = values.find((value) => !is(value));
  if (wrong !== undefined) throw new Error(`A DNS record's address must be ${rule}; got "${wrong}".`);
  if (values.length === 0) throw new Error(`A DNS record must have ${rule}; got none.`);
}

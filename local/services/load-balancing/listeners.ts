import type { CloudResource, Kernel } from "../../kernel/contract.ts";
import { textOf } from "../../kernel/property-values.ts";
import { resolve } from "../google/references.ts";
import type { Frontend } from "./frontend.ts";
import { FORWARDING_RULE, GLOBAL_ADDRESS, TARGET_HTTPS_PROXY } from "./kind-tokens.ts";

export type Scheme = "http" | "https";

/** Forwarding rules at once; those beyond don't listen. */
const MOST_FRONTENDS = 32;

/** Where a forwarding rule listens, in the network of the cloud. */
export interface Binding {
  readonly address: string;
  readonly port: number;
  readonly scheme: Scheme;
}

interface Bound {
  readonly frontend: Frontend;
  readonly binding: Binding;
}

/**
 * Makes the forwarding rules' addresses lead to frontends, and keeps to it as rules come and go.
 * The first rule of each scheme is on the cloud's fixed ports; every further one gets a port of its own.
 */
export class Listeners {
  readonly #kernel: Kernel;
  readonly #make: (scheme: Scheme, ruleId: () => string | undefined) => Frontend;
  /** These listen for as long as the cloud lives, with a rule or without. */
  readonly #fixed: Readonly<Record<Scheme, Frontend>>;
  readonly #onFixed = new Map<Scheme, string>();
  /** By the id of the forwarding rule. */
  readonly #bound = new Map<string, Bound>();

  constructor(kernel: Kernel, make: (scheme: Scheme, ruleId: () => string | undefined) => Frontend) {
    this.#kernel = kernel;
    this.#make = make;
    this.#fixed = {
      http: make("http", () => this.#onFixed.get("http")),
      https: make("https", () => this.#onFixed.get("https")),
    };
  }

  /** @throws {PortTaken} */
  async start(): Promise<void> {
    const { loadBalancerHttp, loadBalancerHttps } = this.#kernel.ports;
    await this.#fixed.http.start(loadBalancerHttp);
    await this.#fixed.https.start(loadBalancerHttps);
  }

  async stop(): Promise<void> {
    for (const id of [...this.#bound.keys()]) await this.#unbind(id);
    await Promise.all([this.#fixed.http.stop(), this.#fixed.https.stop()]);
  }

  /** Brings what listens into line with the rules. Calls must not overlap. */
  async follow(): Promise<ReadonlyMap<string, Bound>> {
    const wanted = new Map<string, Binding>();
    for (const rule of this.#kernel.resources.list(FORWARDING_RULE)) {
      const binding = this.#bindingOf(rule);
      if (binding && wanted.size < MOST_FRONTENDS) wanted.set(rule.id, binding);
    }
    for (const [id, { binding }] of this.#bound) {
      if (!isSame(binding, wanted.get(id))) await this.#unbind(id);
    }
    for (const [id, binding] of wanted) {
      if (!this.#bound.has(id)) await this.#bind(id, binding);
    }
    return this.#bound;
  }

  addressOf(ruleId: string): string | undefined {
    return this.#bound.get(ruleId)?.binding.address;
  }

  async #bind(id: string, binding: Binding): Promise<void> {
    const { scheme, address, port } = binding;
    const isFirst = !this.#onFixed.has(scheme);
    const frontend = isFirst ? this.#fixed[scheme] : this.#make(scheme, () => id);
    if (isFirst) this.#onFixed.set(scheme, id);
    else await frontend.start(0);
    this.#bound.set(id, { frontend, binding });
    this.#kernel.network.listen(address, port, frontend.port, (source) => frontend.doorFor(source));
  }

  async #unbind(id: string): Promise<void> {
    const bound = this.#bound.get(id);
    if (!bound) return;
    const { frontend, binding } = bound;
    this.#bound.delete(id);
    this.#kernel.network.unlisten(binding.address, binding.port);
    if (this.#onFixed.get(binding.scheme) === id) this.#onFixed.delete(binding.scheme);
    else await frontend.stop();
  }

  /** An address is given as such, or by the id or link of a global address. */
  #bindingOf({ properties }: CloudResource): Binding | undefined {
    const { resources } = this.#kernel;
    const named = resolve(resources, GLOBAL_ADDRESS, properties.ipAddress)?.properties.address;
    const address = textOf(named) ?? textOf(properties.ipAddress);
    const port = Number.parseInt(textOf(properties.portRange) ?? "", 10);
    if (address === undefined || Number.isNaN(port)) return undefined;
    const isHttps = resolve(resources, TARGET_HTTPS_PROXY, properties.target) !== undefined;
    return { address, port, scheme: isHttps ? "https" : "http" };
  }
}

function isSame(one: Binding, other: Binding | undefined): boolean {
  return one.address === other?.address && one.port === other.port && one.scheme === other.scheme;
}

import { randomBytes, X509Certificate } from "node:crypto";
import type { ObjectStore } from "../../google/object-store.ts";
import { AcmeProblem } from "../acme/acme-problem.ts";
import type { Authorization, CertificateAuthority, Challenge, Order } from "../acme/certificate-authority.ts";
import type { TestIssuingKey } from "./issuing-key.ts";

interface KnownOrder {
  readonly domain: string;
  readonly token: string;
  status: Order["status"];
  authorization: Authorization["status"];
  problem: AcmeProblem | undefined;
  chain: string | undefined;
}

/** A CA in memory with RFC 8555's states: it looks for the token itself, and finalises an order once. */
export class TestCertificateAuthority implements CertificateAuthority {
  readonly #issuer: TestIssuingKey;
  readonly #challenges: ObjectStore;
  readonly #orders = new Map<string, KnownOrder>();
  /** Names of every call, in order. */
  readonly calls: string[] = [];
  /** Domains of finalised orders, one entry an order. */
  readonly finalized: string[] = [];
  /** Thrown in place of answering a call, by its name. */
  refuse: (call: string) => Error | undefined = () => undefined;
  /** What it says of a token that is not there. */
  unconfirmed = problem("unauthorized", 403, "The token is not there");

  constructor(issuer: TestIssuingKey, challenges: ObjectStore) {
    this.#issuer = issuer;
    this.#challenges = challenges;
  }

  /** As Pebble does at a restart. */
  forget(): void {
    this.#orders.clear();
  }

  async openAccount(): Promise<void> {
    this.#called("openAccount");
  }

  async newOrder(domain: string): Promise<Order> {
    this.#called("newOrder");
    const url = `https://ca.test/order/${this.#orders.size + 1}/${randomBytes(4).toString("hex")}`;
    const token = randomBytes(16).toString("base64url");
    this.#orders.set(url, {
      domain,
      token,
      status: "pending",
      authorization: "pending",
      problem: undefined,
      chain: undefined,
    });
    return this.#shown(url);
  }

  async order(url: string): Promise<Order> {
    this.#called("order");
    return this.#shown(url);
  }

  async authorization(url: string): Promise<Authorization> {
    this.#called("authorization");
    const order = this.#known(url.replace("/authz/", "/order/"));
    const status =
      order.authorization === "pending" ? "pending" : order.authorization === "valid" ? "valid" : "invalid";
    const challenge: Challenge = { url, status, token: order.token, problem: order.problem };
    return { url, status: order.authorization, challenge };
  }

  async keyAuthorization(token: string): Promise<string> {
    return `${token}.thumbprint`;
  }

  async answer({ url }: Challenge): Promise<void> {
    this.#called("answer");
    const order = this.#known(url.replace("/authz/", "/order/"));
    const found = await this.#challenges.read(`${order.domain}/.well-known/acme-challenge/${order.token}`);
    if (found?.bytes.toString() === `${order.token}.thumbprint`) {
      order.authorization = "valid";
      order.status = "ready";
      return;
    }
    order.authorization = "invalid";
    order.status = "invalid";
    order.problem = this.unconfirmed;
  }

  async settledAuthorization(url: string): Promise<Authorization> {
    return this.authorization(url);
  }

  async finalize({ url }: Order, csrPem: string): Promise<Order> {
    this.#called("finalize");
    const order = this.#known(url);
    if (order.status !== "ready") throw problem("orderNotReady", 403, `The order is ${order.status}`);
    order.status = "processing";
    this.finalized.push(order.domain);
    order.chain = await this.#issuer.sign(csrPem);
    return this.#shown(url);
  }

  async settledOrder(url: string): Promise<Order> {
    this.#called("settledOrder");
    const order = this.#known(url);
    if (order.status === "processing") order.status = "valid";
    return this.#shown(url);
  }

  async certificate(url: string): Promise<string> {
    this.#called("certificate");
    const { chain } = this.#known(url.replace("/cert/", "/order/"));
    if (!chain) throw problem("malformed", 404, "There is no certificate");
    return chain;
  }

  serialOf(domain: string): string | undefined {
    const chain = [...this.#orders.values()].findLast((order) => order.domain === domain)?.chain;
    return chain && new X509Certificate(chain).serialNumber;
  }

  #called(name: string): void {
    this.calls.push(name);
    const refusal = this.refuse(name);
    if (refusal) throw refusal;
  }

  #known(url: string): KnownOrder {
    const order = this.#orders.get(url);
    if (!order) throw problem("malformed", 404, `There is no ${url}`);
    return order;
  }

  #shown(url: string): Order {
    const { status, problem: reason } = this.#known(url);
    return {
      url,
      status,
      authorizations: [url.replace("/order/", "/authz/")],
      finalize: `${url}/finalize`,
      certificate: status === "valid" ? url.replace("/order/", "/cert/") : undefined,
      problem: reason,
    };
  }
}

export function problem(name: string, status: number, detail: string, retryAfter?: Date): AcmeProblem {
  return new AcmeProblem({ type: `urn:ietf:params:acme:error:${name}`, detail }, status, { retryAfter });
}

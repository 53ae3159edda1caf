import { randomBytes, X509Certificate } from "node:crypto";
import type { ObjectStore } from "../../google/object-store.ts";
import { AcmeProblem, type ProblemOrigin } from "../acme/acme-problem.ts";
import type {
  AcmeOrder,
  Authorization,
  CertificateAuthority,
  Challenge,
  NewOrderOptions,
  RenewalInfo,
  RevocationReason,
} from "../acme/certificate-authority.ts";
import { certificateIdOf } from "../acme/certificate-id.ts";
import type { CertificateSigner } from "./issuing-key.ts";

interface KnownAcmeOrder {
  readonly domain: string;
  readonly token: string;
  status: AcmeOrder["status"];
  authorization: Authorization["status"];
  problem: AcmeProblem | undefined;
  chain: string | undefined;
  readonly replaces: string | undefined;
}

interface IssuedCertificate {
  readonly domain: string;
  /** Its default. */
  readonly window: RenewalInfo;
  /** By an order that was finalised: until then, several may name it. */
  isReplaced: boolean;
}

const LIFETIME_MS = 90 * 86_400_000;

/** A CA in memory with RFC 8555's states: it looks for the token itself, and finalises an ACME order once. */
export class TestCertificateAuthority implements CertificateAuthority {
  readonly #issuer: CertificateSigner;
  readonly #challenges: Pick<ObjectStore, "read">;
  readonly #now: () => Date;
  readonly #acmeOrders = new Map<string, KnownAcmeOrder>();
  /** Its certificates by their ids. */
  readonly #certificates = new Map<string, IssuedCertificate>();
  /** Names of every call, one after the other. */
  readonly calls: string[] = [];
  /** Domains of finalised ACME orders, one entry each. */
  readonly finalized: string[] = [];
  /** What was asked of newOrder, and granted. */
  readonly newOrders: {
    readonly domain: string;
    readonly asked: string | undefined;
    readonly replaces: string | undefined;
  }[] = [];
  /** Of the certificates that it will issue. */
  lifetimeMs = LIFETIME_MS;
  hasRenewalInfo = true;
  /** Set by a test, by certificate id, in place of one that opens after two thirds of the lifetime. */
  readonly windows = new Map<string, RenewalInfo>();
  /** Reasons by certificate id. */
  readonly revoked = new Map<string, RevocationReason>();
  /** Thrown in place of answering a call, by its name. */
  refuse: (call: string) => Error | undefined = () => undefined;
  /** What it says of a token that is not there. */
  unconfirmed = problem("unauthorized", 403, "The token is not there");

  constructor(
    issuer: CertificateSigner,
    challenges: Pick<ObjectStore, "read">,
    now: () => Date = () => new Date(),
  ) {
    this.#issuer = issuer;
    this.#challenges = challenges;
    this.#now = now;
  }

  /** As Pebble does at a restart. */
  forget(): void {
    this.#acmeOrders.clear();
    this.#certificates.clear();
    this.windows.clear();
  }

  async openAccount(): Promise<string> {
    this.#called("openAccount");
    return "https://ca.test/account/1";
  }

  async newOrder(domain: string, { replaces: asked }: NewOrderOptions = {}): Promise<AcmeOrder> {
    this.#called("newOrder");
    const replaces = asked !== undefined && this.#isReplaceable(asked, domain) ? asked : undefined;
    this.newOrders.push({ domain, asked, replaces });
    const url = `https://ca.test/order/${this.#acmeOrders.size + 1}/${randomBytes(4).toString("hex")}`;
    const token = randomBytes(16).toString("base64url");
    this.#acmeOrders.set(url, {
      domain,
      token,
      status: "pending",
      authorization: "pending",
      problem: undefined,
      chain: undefined,
      replaces,
    });
    return this.#shown(url);
  }

  async acmeOrder(url: string): Promise<AcmeOrder> {
    this.#called("acmeOrder");
    return this.#shown(url);
  }

  async authorization(url: string): Promise<Authorization> {
    this.#called("authorization");
    const acmeOrder = this.#known(url.replace("/authz/", "/order/"));
    const status =
      acmeOrder.authorization === "pending"
        ? "pending"
        : acmeOrder.authorization === "valid"
          ? "valid"
          : "invalid";
    const challenge: Challenge = {
      url,
      status,
      token: acmeOrder.token,
      problem: saidOf("challenge", acmeOrder.problem),
    };
    return { url, status: acmeOrder.authorization, challenge };
  }

  async keyAuthorization(token: string): Promise<string> {
    return `${token}.thumbprint`;
  }

  async answer({ url }: Challenge): Promise<void> {
    this.#called("answer");
    const acmeOrder = this.#known(url.replace("/authz/", "/order/"));
    const found = await this.#challenges.read(
      `${acmeOrder.domain}/.well-known/acme-challenge/${acmeOrder.token}`,
    );
    if (found?.bytes.toString() === `${acmeOrder.token}.thumbprint`) {
      acmeOrder.authorization = "valid";
      acmeOrder.status = "ready";
      return;
    }
    acmeOrder.authorization = "invalid";
    acmeOrder.status = "invalid";
    acmeOrder.problem = this.unconfirmed;
  }

  async settledAuthorization(url: string): Promise<Authorization> {
    return this.authorization(url);
  }

  async finalize({ url }: AcmeOrder, csrPem: string): Promise<AcmeOrder> {
    this.#called("finalize");
    const acmeOrder = this.#known(url);
    if (acmeOrder.status !== "ready") throw problem("orderNotReady", 403, `The order is ${acmeOrder.status}`);
    acmeOrder.status = "processing";
    this.finalized.push(acmeOrder.domain);
    const notBefore = this.#now();
    const notAfter = new Date(notBefore.getTime() + this.lifetimeMs);
    acmeOrder.chain = await this.#issuer.signFor(csrPem, { notBefore, notAfter });
    const start = new Date(notBefore.getTime() + (2 * this.lifetimeMs) / 3);
    const window = { start, end: new Date(start.getTime() + this.lifetimeMs / 45) };
    const { domain } = acmeOrder;
    this.#certificates.set(certificateIdOf(acmeOrder.chain) ?? "", { domain, window, isReplaced: false });
    const replaced = this.#certificates.get(acmeOrder.replaces ?? "");
    if (replaced) replaced.isReplaced = true;
    return this.#shown(url);
  }

  async settledAcmeOrder(url: string): Promise<AcmeOrder> {
    this.#called("settledAcmeOrder");
    const acmeOrder = this.#known(url);
    if (acmeOrder.status === "processing") acmeOrder.status = "valid";
    return this.#shown(url);
  }

  async certificate(url: string): Promise<string> {
    this.#called("certificate");
    const { chain } = this.#known(url.replace("/cert/", "/order/"));
    if (!chain) throw problem("malformed", 404, "There is no certificate");
    return chain;
  }

  async renewalInfo(certificateId: string): Promise<RenewalInfo | undefined> {
    this.#called("renewalInfo");
    if (!this.hasRenewalInfo) return undefined;
    const certificate = this.#certificates.get(certificateId);
    if (!certificate) throw problem("malformed", 404, "There is no such certificate");
    return this.windows.get(certificateId) ?? certificate.window;
  }

  async revoke(chainPem: string, reason: RevocationReason): Promise<void> {
    this.#called("revoke");
    const id = certificateIdOf(chainPem) ?? "";
    if (!this.#certificates.has(id)) throw problem("malformed", 404, "There is no such certificate");
    if (!this.revoked.has(id)) this.revoked.set(id, reason);
  }

  serialOf(domain: string): string | undefined {
    const chain = [...this.#acmeOrders.values()].findLast((acmeOrder) => acmeOrder.domain === domain)?.chain;
    return chain && new X509Certificate(chain).serialNumber;
  }

  #called(name: string): void {
    this.calls.push(name);
    const refusal = this.refuse(name);
    if (refusal) throw refusal;
  }

  /** Else the order is taken without it. */
  #isReplaceable(certificateId: string, domain: string): boolean {
    const certificate = this.#certificates.get(certificateId);
    return this.hasRenewalInfo && certificate?.domain === domain && !certificate.isReplaced;
  }

  #known(url: string): KnownAcmeOrder {
    const acmeOrder = this.#acmeOrders.get(url);
    if (!acmeOrder) throw problem("malformed", 404, `There is no ${url}`);
    return acmeOrder;
  }

  #shown(url: string): AcmeOrder {
    const { status, problem: reason, replaces } = this.#known(url);
    return {
      url,
      status,
      authorizations: [url.replace("/order/", "/authz/")],
      finalize: `${url}/finalize`,
      certificate: status === "valid" ? url.replace("/order/", "/cert/") : undefined,
      problem: saidOf("order", reason),
      replaces,
    };
  }
}

export function problem(name: string, status: number, detail: string, retryAfter?: Date): AcmeProblem {
  return new AcmeProblem({ type: `urn:ietf:params:acme:error:${name}`, detail }, status, { retryAfter });
}

function saidOf(origin: ProblemOrigin, said: AcmeProblem | undefined): AcmeProblem | undefined {
  return said && new AcmeProblem({ type: said.type, detail: said.detail }, said.status, { origin });
}

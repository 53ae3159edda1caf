import { createPrivateKey, type KeyObject } from "node:crypto";
import * as acme from "acme-client";
import type { Secret } from "../../workload/secret.ts";
import { AcmeDirectory, type Directory } from "./acme-directory.ts";
import { AcmeProblem } from "./acme-problem.ts";
import { type AcmeReply, AcmeTransport, toProblem } from "./acme-transport.ts";
import { CaUnavailable } from "./certificate-authority.ts";

const BAD_REQUEST = 400;

/** The parts of acme-client that its types leave out: its raw replies, and the functions that send, which we replace. */
interface AcmeInternals {
  readonly http: {
    request: AcmeTransport["request"];
    getNonce(): Promise<string>;
    /** Whose own keeps for a day whatever it got. */
    getDirectory(): Promise<Directory>;
    /** Signs every request. */
    accountKey: Buffer | KeyObject;
    /** The public part, made once. */
    getJwk(): object;
  };
  readonly api: {
    accountUrl: string | null;
    apiRequest(
      url: string,
      payload: unknown,
      statuses: number[],
      options?: { includeJwsKid: boolean; includeExternalAccountBinding: boolean },
    ): Promise<AcmeReply>;
  };
}

export interface AcmeSessionOptions {
  readonly directoryUrl: string;
  readonly accountKeyPem: Secret<string>;
  /** `mailto:` URL. */
  readonly contact: string;
  /** Of the customer's account that the CA wants an ACME account to belong to. */
  readonly externalAccount?: ExternalAccount | undefined;
  /** For each request. */
  readonly deadlineMs?: number | undefined;
}

/** What a CA gives its customers to make ACME accounts with. @see https://www.rfc-editor.org/rfc/rfc8555#section-7.3.4 */
export interface ExternalAccount {
  readonly keyId: string;
  /** base64url */
  readonly hmacKey: Secret<string>;
}

/** What a request is sent to: an endpoint of the directory, or a URL that the CA gave. */
export type Target =
  | { readonly url: string }
  | { readonly resource: "newAccount" | "newOrder" | "revokeCert" };

/** Signed requests in the name of one account, which is registered when first needed. */
export class AcmeSession {
  readonly #client: acme.Client;
  readonly #internals: AcmeInternals;
  readonly #contact: string;
  readonly #transport: AcmeTransport;
  readonly #directory: AcmeDirectory;
  #registration: Promise<string> | undefined;

  constructor({ directoryUrl, accountKeyPem, contact, externalAccount, deadlineMs }: AcmeSessionOptions) {
    this.#client = new acme.Client({
      directoryUrl,
      accountKey: accountKeyPem.reveal(),
      ...(externalAccount && {
        externalAccountBinding: {
          kid: externalAccount.keyId,
          hmacKey: externalAccount.hmacKey.reveal(),
        },
      }),
    });
    this.#internals = this.#client as unknown as AcmeInternals;
    this.#contact = contact;
    this.#transport = new AcmeTransport(deadlineMs);
    this.#directory = new AcmeDirectory(directoryUrl, this.#transport);

    const { http } = this.#internals;
    http.getJwk();
    // acme-client would read the key's PEM for every signature, which costs several signatures.
    http.accountKey = createPrivateKey(accountKeyPem.reveal());
    const transport = this.#transport;
    const fetchNonce = http.getNonce.bind(http);
    http.request = transport.request.bind(transport);
    http.getDirectory = () => this.#directory.read();
    http.getNonce = async () => transport.takeNonce() ?? fetchNonce();
  }

  /** Registers the account, unless that is done. @returns its URL @throws {AcmeProblem} @throws {CaUnavailable} */
  open(): Promise<string> {
    return this.#account();
  }

  /** POST, or POST-as-GET without a payload. @throws {AcmeProblem} @throws {CaUnavailable} */
  post(target: Target, payload?: object): Promise<AcmeReply> {
    return this.#registered(async () =>
      this.#internals.api.apiRequest(await this.#urlOf(target), payload ?? null, []),
    );
  }

  /** GET, unsigned and without an account. @throws {AcmeProblem} @throws {CaUnavailable} */
  get(url: string): Promise<AcmeReply> {
    return this.#transport.request(url, "get");
  }

  directory(): Promise<Directory> {
    return this.#directory.read();
  }

  keyAuthorization(token: string): Promise<string> {
    return this.#client.getChallengeKeyAuthorization({ type: "http-01", url: "", status: "pending", token });
  }

  async #urlOf(target: Target): Promise<string> {
    if ("url" in target) return target.url;
    const url = (await this.#directory.read())[target.resource];
    if (url !== undefined) return url;
    throw new CaUnavailable(`The CA's directory has no ${target.resource}`, { mayHaveTakenEffect: false });
  }

  /** A CA may have lost the account (Pebble forgets all at a restart): then it is registered again, at most once for a request. */
  async #registered(send: () => Promise<AcmeReply>): Promise<AcmeReply> {
    const account = await this.#account();
    try {
      return accepted(await send());
    } catch (error) {
      if (!(error instanceof AcmeProblem)) throw error;
      if (error.is("malformed") && error.status === BAD_REQUEST) throw await this.#explained(error, account);
      if (!error.is("accountDoesNotExist")) throw error;
      if (this.#internals.api.accountUrl === account) this.#registration = undefined;
      await this.#account();
      return accepted(await send());
    }
  }

  /**
   * A CA at which the account's key was replaced calls our signature malformed, as it does many a request
   * that is at fault itself. So it is asked which account the key is of.
   */
  async #explained(problem: AcmeProblem, account: string): Promise<AcmeProblem> {
    try {
      const { location } = (await this.#newAccount({ onlyReturnExisting: true }, false)).headers;
      if (location === account) return problem;
    } catch (error) {
      if (!(error instanceof AcmeProblem) || !error.isAccounts) return problem;
    }
    const { type, detail, status } = problem;
    return new AcmeProblem({ type, detail }, status, { cause: problem, isAccounts: true });
  }

  #account(): Promise<string> {
    this.#registration ??= this.#register().catch((error: unknown) => {
      this.#registration = undefined;
      throw error;
    });
    return this.#registration;
  }

  /** Idempotent: for a key that has an account, the CA answers with that account. @see RFC 8555 section 7.3.1 */
  async #register(): Promise<string> {
    const payload = { termsOfServiceAgreed: true, contact: [this.#contact] };
    const { location } = (await this.#newAccount(payload, true)).headers;
    if (!location) throw new CaUnavailable("The CA's answer to newAccount has no URL of an account");
    this.#internals.api.accountUrl = location;
    return location;
  }

  async #newAccount(payload: object, includeExternalAccountBinding: boolean): Promise<AcmeReply> {
    const url = await this.#urlOf({ resource: "newAccount" });
    const options = { includeJwsKid: false, includeExternalAccountBinding };
    return accepted(await this.#internals.api.apiRequest(url, payload, [], options));
  }
}

/** The transport lets `badNonce` through for acme-client to repeat; what is left after that is final. */
function accepted(reply: AcmeReply): AcmeReply {
  if (reply.status >= 400) throw toProblem(reply);
  return reply;
}

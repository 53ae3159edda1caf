import * as z from "zod";

const URN = "urn:ietf:params:acme:error:";
/** @see https://www.rfc-editor.org/rfc/rfc8555#section-6.7 */
const UNCONFIRMED = ["connection", "dns", "tls", "unauthorized", "incorrectResponse"];
/** @see https://www.rfc-editor.org/rfc/rfc8555#section-7.3.6 */
const ACCOUNTS = [
  "unauthorized",
  "accountDoesNotExist",
  "externalAccountRequired",
  "userActionRequired",
  "badPublicKey",
  "badSignatureAlgorithm",
];
const UNTYPED = "about:blank";
const NOT_FOUND = 404;
const REQUEST_TIMEOUT = 408;
const TOO_MANY_REQUESTS = 429;
const UNPAUSE_LINK = /https:\/\/[^\s"'<>]*unpause[^\s"'<>]*[^\s"'<>.,;:)]/;
const MAX_DETAIL_CHARACTERS = 1_000;
const MAX_RETRY_AFTER_MS = 7 * 86_400_000;

const subproblemSchema = z.object({
  type: z.string().default("about:blank"),
  detail: z.string().default(""),
  identifier: z.object({ type: z.string(), value: z.string() }).optional(),
});

/** A problem document. @see https://www.rfc-editor.org/rfc/rfc8555#section-6.7 */
export const problemSchema = z.object({
  type: z.string().default("about:blank"),
  status: z.number().int().optional(),
  detail: z.string().default(""),
  subproblems: z.array(subproblemSchema).optional().catch(undefined),
});

export type ProblemDocument = z.input<typeof problemSchema>;
export type Subproblem = z.output<typeof subproblemSchema>;

export interface AcmeProblemOptions extends ErrorOptions {
  /** From `Retry-After`: when another try is of use. */
  readonly retryAfter?: Date | undefined;
  /** @default "reply" */
  readonly origin?: ProblemOrigin;
  /** It was found out that our account is what the CA does not accept. @default false */
  readonly isAccounts?: boolean;
}

/** Where the CA says it: in reply to a request, or as what became of a challenge or of an ACME order. */
export type ProblemOrigin = "reply" | "challenge" | "order";

/** The CA's own refusal, as it worded it. */
export class AcmeProblem extends Error {
  readonly code = "ACME_PROBLEM";
  /** `urn:ietf:params:acme:error:rateLimited`, or `about:blank`. */
  readonly type: string;
  /** HTTP's, of a reply; else the document's. */
  readonly status: number;
  readonly detail: string;
  readonly subproblems: readonly Subproblem[];
  readonly retryAfter: Date | undefined;
  readonly origin: ProblemOrigin;
  readonly #isAccounts: boolean;

  constructor(document: unknown, status: number, options: AcmeProblemOptions = {}) {
    const { retryAfter, origin = "reply", isAccounts = false, ...errorOptions } = options;
    const problem = problemSchema.safeParse(document).data ?? { type: "about:blank", detail: "" };
    const detail = problem.detail.slice(0, MAX_DETAIL_CHARACTERS);
    const said = origin === "reply" ? status : (problem.status ?? status);
    super(`The CA answered ${said} ${problem.type}${detail && `: ${detail}`}`, errorOptions);
    this.name = "AcmeProblem";
    this.type = problem.type;
    this.status = said;
    this.detail = detail;
    this.subproblems = problem.subproblems ?? [];
    this.retryAfter = retryAfter;
    this.origin = origin;
    this.#isAccounts = isAccounts;
  }

  /** @param name as in RFC 8555, `rateLimited` */
  is(name: string): boolean {
    return this.type === URN + name;
  }

  /**
   * The CA looked for what proves control of the name, and did not get to it or found something else.
   * `unauthorized` says that of a challenge alone: elsewhere it is about our account.
   */
  get isUnconfirmed(): boolean {
    return (
      UNCONFIRMED.some((type) => this.is(type)) && (!this.is("unauthorized") || this.origin === "challenge")
    );
  }

  /** The CA does not accept our account, or its key: it is deactivated, lost, or another's. */
  get isAccounts(): boolean {
    return this.#isAccounts || (this.origin === "reply" && ACCOUNTS.some((type) => this.is(type)));
  }

  /**
   * The CA's trouble rather than the request's, which passes by itself. HTTP's status decides, whatever
   * the type: a CA that is busy says so with 503 and `rateLimited`. A refusal without a type is none of an
   * ACME server's, but of what stands before one. What became of a challenge or an order is final.
   */
  get isTransient(): boolean {
    if (this.origin !== "reply") return false;
    if (this.status >= 500 || this.status === REQUEST_TIMEOUT) return true;
    if (this.is("badNonce") || this.is("serverInternal")) return true;
    return this.type === UNTYPED && !this.isLimit;
  }

  /** The CA failed by itself, whatever it was asked for. */
  get isInternal(): boolean {
    return this.is("serverInternal") || this.type === UNTYPED;
  }

  /** Too much was asked for, for now. */
  get isLimit(): boolean {
    return this.status === TOO_MANY_REQUESTS || (this.status < 500 && this.is("rateLimited"));
  }

  /** The CA does not have what it was asked for: it forgot, or a replica of it does not know yet. */
  get isNotFound(): boolean {
    return this.origin === "reply" && this.status === NOT_FOUND;
  }

  /** Where the CA has paused orders for a name until somebody asks for more: the page for that. */
  get unpauseUrl(): string | undefined {
    return this.isLimit ? UNPAUSE_LINK.exec(this.detail)?.[0] : undefined;
  }
}

/** Seconds or an HTTP date; a week at most, so that no bad header puts a domain away for good. */
export function parseRetryAfter(header: string | null | undefined, now = Date.now()): Date | undefined {
  if (!header) return undefined;
  const at = /^\d+$/.test(header.trim()) ? now + Number(header) * 1000 : Date.parse(header);
  if (Number.isNaN(at)) return undefined;
  return new Date(Math.min(Math.max(at, now), now + MAX_RETRY_AFTER_MS));
}

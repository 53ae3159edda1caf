import * as z from "zod";

const URN = "urn:ietf:params:acme:error:";
/** @see https://www.rfc-editor.org/rfc/rfc8555#section-6.7 */
const UNCONFIRMED = ["connection", "dns", "tls", "unauthorized", "incorrectResponse"];
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
}

/** The CA's own refusal, as it worded it. */
export class AcmeProblem extends Error {
  readonly code = "ACME_PROBLEM";
  /** `urn:ietf:params:acme:error:rateLimited`, or `about:blank`. */
  readonly type: string;
  /** HTTP's status, or the one in the document where the problem came inside an ACME order or a challenge. */
  readonly status: number;
  readonly detail: string;
  readonly subproblems: readonly Subproblem[];
  readonly retryAfter: Date | undefined;

  constructor(document: unknown, status: number, { retryAfter, ...options }: AcmeProblemOptions = {}) {
    const problem = problemSchema.safeParse(document).data ?? { type: "about:blank", detail: "" };
    const detail = problem.detail.slice(0, MAX_DETAIL_CHARACTERS);
    super(`The CA answered ${problem.status ?? status} ${problem.type}${detail && `: ${detail}`}`, options);
    this.name = "AcmeProblem";
    this.type = problem.type;
    this.status = problem.status ?? status;
    this.detail = detail;
    this.subproblems = problem.subproblems ?? [];
    this.retryAfter = retryAfter;
  }

  /** @param name as in RFC 8555, `rateLimited` */
  is(name: string): boolean {
    return this.type === URN + name;
  }

  /** The CA looked for what proves control of the name, and did not get to it or found something else. */
  get isUnconfirmed(): boolean {
    return UNCONFIRMED.some((type) => this.is(type));
  }

  /** The CA's trouble rather than the request's. */
  get isTransient(): boolean {
    return this.status >= 500 || this.status === 408 || this.is("badNonce") || this.is("serverInternal");
  }
}

/** Seconds or an HTTP date; a week at most, so that no bad header puts a domain away for good. */
export function parseRetryAfter(header: string | null | undefined, now = Date.now()): Date | undefined {
  if (!header) return undefined;
  const at = /^\d+$/.test(header.trim()) ? now + Number(header) * 1000 : Date.parse(header);
  if (Number.isNaN(at)) return undefined;
  return new Date(Math.min(Math.max(at, now), now + MAX_RETRY_AFTER_MS));
}

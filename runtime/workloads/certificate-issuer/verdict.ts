import { AcmeProblem } from "../../certificates/acme/acme-problem.ts";
import { FastlyError } from "../../certificates/fastly/fastly-error.ts";

/** What becomes of an order after an error: it ends with a sentence for the customer, or another delivery goes on. */
export type Verdict =
  | { readonly kind: "failed"; readonly reason: string; readonly retryAt?: Date }
  | { readonly kind: "retry"; readonly reason: string };

/** When a CA limits without saying for how long. */
const RATE_LIMIT_MS = 3_600_000;
const PAUSED_MS = 86_400_000;
/** Ten deliveries, with pauses from 1 s that double, take about 500 s: some of them come after a due time within this. */
const NEAR_MS = 120_000;

/** An order that has come to its end. The message is a sentence for the customer. */
export class OrderFailed extends Error {
  readonly code = "ORDER_FAILED";
  readonly retryAt: Date | undefined;

  constructor(reason: string, { retryAt, ...options }: ErrorOptions & { retryAt?: Date } = {}) {
    super(reason, options);
    this.name = "OrderFailed";
    this.retryAt = retryAt;
  }
}

/** Only what another try cannot mend is a failure. */
export function verdictOf(error: unknown, domain: string, now: Date): Verdict {
  if (error instanceof OrderFailed) return failed(error.message, error.retryAt);
  if (error instanceof AcmeProblem) return verdictOfCa(error, domain, now);
  if (error instanceof FastlyError) return verdictOfFastly(error, domain, now);
  return { kind: "retry", reason: error instanceof Error ? error.message : String(error) };
}

function verdictOfCa(problem: AcmeProblem, domain: string, now: Date): Verdict {
  if (problem.isLimit) {
    const retryAt = limitEndsAt(problem, now);
    return failed(
      `The certificate authority accepts no further request for ${domain} before ${retryAt.toISOString()}.`,
      retryAt,
    );
  }
  if (problem.isTransient) return { kind: "retry", reason: problem.message };
  return failed(sentenceOf(problem, domain));
}

/** When a limit of the CA's ends. One that waits for somebody to ask for more ends when that is done. */
export function limitEndsAt({ retryAfter, unpauseUrl }: AcmeProblem, now: Date): Date {
  return retryAfter ?? new Date(now.getTime() + (unpauseUrl === undefined ? RATE_LIMIT_MS : PAUSED_MS));
}

/**
 * Whether only the domain's owner can mend what ended an order: the CA did not confirm the domain, or
 * holds something against its name. All else is the platform's, a CA that refuses our account included.
 */
export function isOwners(error: unknown): boolean {
  const problem = error instanceof OrderFailed ? error.cause : error;
  if (!(problem instanceof AcmeProblem)) return false;
  const isUnconfirmed = error instanceof OrderFailed && problem.isUnconfirmed;
  return isUnconfirmed || problem.is("caa") || problem.is("rejectedIdentifier");
}

/** Whether the deliveries that are left may all come too early. */
export function isFar(dueAt: Date, now: Date): boolean {
  return dueAt.getTime() - now.getTime() > NEAR_MS;
}

/** For the customer. @see https://www.rfc-editor.org/rfc/rfc8555#section-6.7 */
export function sentenceOf(problem: AcmeProblem, domain: string): string {
  const said = wordsOf(problem);
  if (problem.is("caa")) return `The CAA records of ${domain} forbid our certificate authority${said}`;
  if (problem.is("rejectedIdentifier")) {
    return `The certificate authority issues no certificate for ${domain}${said}`;
  }
  if (problem.isAccounts) {
    return `Our account at the certificate authority is not accepted, which is ours to mend; ${domain} is tried again then.`;
  }
  if (problem.isInternal) return `The certificate authority failed over the request for ${domain}${said}`;
  if (problem.isUnconfirmed) {
    return `The certificate authority could not confirm that ${domain} leads to us${said}`;
  }
  return `The certificate authority refused the request for ${domain}${said}`;
}

function wordsOf({ detail, subproblems }: AcmeProblem): string {
  const words = detail || subproblems.map((one) => one.detail).find((one) => one !== "") || "";
  return words === "" ? "." : `: ${words.replace(/\.$/, "")}.`;
}

function verdictOfFastly(error: FastlyError, domain: string, now: Date): Verdict {
  const kept = `The certificate for ${domain} is issued and kept`;
  switch (error.code) {
    case "FASTLY_UNAVAILABLE":
      return { kind: "retry", reason: error.message };
    case "FASTLY_RATE_LIMITED": {
      const dueAt = error.dueAt ?? new Date(now.getTime() + RATE_LIMIT_MS);
      if (!isFar(dueAt, now)) return { kind: "retry", reason: error.message };
      return failed(`${kept}; our delivery network takes it from ${dueAt.toISOString()} on.`, dueAt);
    }
    case "FASTLY_DENIED":
      return failed(
        `${kept}, but our delivery network denies us access. This is ours to mend, and is tried again.`,
      );
    case "FASTLY_REFUSED":
      // Somebody was faster: the next delivery finds what is there.
      if (error.status === 409) return { kind: "retry", reason: error.message };
      return failed(`${kept}, but our delivery network refused it.`);
  }
}

function failed(reason: string, retryAt?: Date): Verdict {
  return { kind: "failed", reason, ...(retryAt && { retryAt }) };
}

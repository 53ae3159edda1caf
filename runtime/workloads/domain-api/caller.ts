import { readClaims } from "../../workload/claims.ts";
import { ProblemError } from "./problem.ts";

/** Who asks, by an ID token that Cloud Run verified. A customer is its account's e-mail address. */
export interface Caller {
  readonly email: string;
  /** Acts for every customer. */
  readonly isOperator: boolean;
  /** Sees every customer's domains, and changes none. */
  readonly isViewer: boolean;
}

export interface CallerRules {
  readonly audience: string;
  readonly operators: readonly string[];
  readonly viewers: readonly string[];
}

/** @throws {ProblemError} 401 */
export function identify(headers: Headers, { audience, operators, viewers }: CallerRules): Caller {
  const claims = readClaims(headers);
  if (claims === undefined) {
    throw new ProblemError(
      401,
      "unauthenticated",
      "The request needs an ID token of a verified e-mail address.",
      {
        headers: { "www-authenticate": "Bearer" },
      },
    );
  }
  if (claims.aud !== audience) {
    throw new ProblemError(401, "wrong-audience", `The token's audience must be "${audience}".`, {
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
    });
  }
  const { email } = claims;
  return { email, isOperator: operators.includes(email), isViewer: viewers.includes(email) };
}

export function mayActFor(caller: Caller, customer: string): boolean {
  return caller.isOperator || caller.email === customer;
}

export function seesAll({ isOperator, isViewer }: Caller): boolean {
  return isOperator || isViewer;
}

/** Who may only look may not change what he sees. @throws {ProblemError} 403 */
export function refuseChanges({ isViewer }: Caller, method: string): void {
  if (!isViewer || method === "GET" || method === "HEAD") return;
  throw new ProblemError(403, "viewers-only-look", "This account may see every domain, and change none.");
}

/** @throws {ProblemError} 403 */
export function requireOperator({ caller }: { readonly caller: Caller }): void {
  if (caller.isOperator) return;
  throw new ProblemError(403, "operators-only", "Only the platform's operators may do this.");
}

import * as z from "zod";
import { AcmeProblem, problemSchema } from "./acme-problem.ts";
import type { AcmeReply } from "./acme-transport.ts";
import {
  type AcmeOrder,
  type Authorization,
  CaUnavailable,
  type Challenge,
} from "./certificate-authority.ts";

/** RFC 8555 asks for 128 bits or more in base64url; the upper bound is ours. */
const TOKEN = /^[A-Za-z0-9_-]{22,128}$/;

const acmeOrderSchema = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  authorizations: z.array(z.url()).min(1),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problemSchema.optional().catch(undefined),
  replaces: z.string().optional().catch(undefined),
});

const challengeSchema = z.object({
  type: z.literal("http-01"),
  url: z.url(),
  status: z.enum(["pending", "processing", "valid", "invalid"]),
  token: z.string().regex(TOKEN),
  error: problemSchema.optional().catch(undefined),
});

const authorizationSchema = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  challenges: z.array(z.object({ type: z.string() }).loose()),
});

export function toAcmeOrder(url: string, { data, status }: AcmeReply): AcmeOrder {
  const { error, ...acmeOrder } = checked("ACME order", url, acmeOrderSchema, data);
  const { authorizations, finalize, certificate, replaces } = acmeOrder;
  const problem = error && new AcmeProblem(error, status, { origin: "order" });
  return { url, status: acmeOrder.status, authorizations, finalize, certificate, problem, replaces };
}

export function toAuthorization(url: string, { data, status }: AcmeReply): Authorization {
  const authorization = checked("authorization", url, authorizationSchema, data);
  const offered = authorization.challenges.find(({ type }) => type === "http-01");
  let challenge: Challenge | undefined;
  if (offered) {
    const { error, type: _, ...rest } = checked("challenge", url, challengeSchema, offered);
    challenge = { ...rest, problem: error && new AcmeProblem(error, status, { origin: "challenge" }) };
  }
  return { url, status: authorization.status, challenge };
}

/** @throws {CaUnavailable} for a reply that shows no challenge */
export function checkChallenge(url: string, { data }: AcmeReply): void {
  checked("challenge", url, z.object({ status: challengeSchema.shape.status }), data);
}

function checked<T>(what: string, url: string, schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw new CaUnavailable(
    `The CA's ${what} at ${url} is not as RFC 8555 says: ${z.prettifyError(result.error)}`,
  );
}
